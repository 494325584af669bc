import { isChannelError, unavailable, type ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { isOfToken } from "../protocol/error-retry.ts";
import { HttpProducer } from "./http-producer.ts";
import { HttpSubscription } from "./http-subscription.ts";
import { watchByHttp } from "./http-watch.ts";
import { processPath, type Http } from "./http.ts";
import { probeMs, type Link, type LinkMessage, type LinkRequest, type LinkSink } from "./link.ts";

const MiB = 1024 * 1024;

export type HttpMode = "sse" | "poll";

/** What the parts of an HTTP link share. */
export interface HttpLinkParts {
  readonly http: Http;
  readonly system: System;
  readonly mode: HttpMode;
  readonly signal: AbortSignal;
  emit(message: LinkMessage): void;
}

/**
 * The messages of PROTOCOL §7 by requests: a stream of events or a repeated read for each subscription,
 * one append after the other for each producer. A request that no server answers ends the link.
 */
export class HttpLink implements Link {
  readonly appendBytesMax = MiB;
  readonly appendsMax = 1;
  readonly #sink: LinkSink;
  readonly #controller = new AbortController();
  readonly #parts: HttpLinkParts;
  readonly #subscriptions = new Map<number, HttpSubscription>();
  readonly #producers = new Map<number, HttpProducer>();
  /** Of each subscription and watch. */
  readonly #controllers = new Map<number, AbortController>();

  constructor(
    mode: HttpMode,
    {
      http,
      system,
      sink,
    }: { readonly http: Http; readonly system: System; readonly sink: LinkSink },
  ) {
    this.#sink = sink;
    const { signal } = this.#controller;
    this.#parts = { http, system, mode, signal, emit: (message) => this.#emit(message) };
    this.#run(async () => {
      await http.request("GET", "/healthz", { signal });
      if (!signal.aborted) sink.opened(Number.NaN);
    });
  }

  send(message: LinkRequest): void {
    if (this.#controller.signal.aborted) return;
    switch (message.kind) {
      case "subscribe":
        return this.#subscribe(message);
      case "credit":
        return this.#subscriptions.get(message.id)?.addCredit(message.bytes);
      case "unsubscribe":
        return this.#unsubscribe(message.id);
      case "produce":
        this.#producers.set(message.id, new HttpProducer(this.#parts, message));
        return;
      case "append":
        return this.#append(message);
      case "watch":
        return this.#watch(message);
      case "token":
        // Each request asks for the token of its time.
        return;
    }
  }

  probe(): void {
    const { http, signal } = this.#parts;
    this.#run(() => http.request("GET", "/healthz", { signal, timeoutMs: probeMs }));
  }

  close(): void {
    this.#controller.abort();
    for (const id of [...this.#controllers.keys()]) this.#unsubscribe(id);
  }

  #subscribe(request: Extract<LinkRequest, { kind: "subscribe" }>): void {
    const { id } = request;
    this.#runFor(id, (parts) => {
      const subscription = new HttpSubscription(parts, request);
      this.#subscriptions.set(id, subscription);
      return subscription.run();
    });
  }

  #watch({ id, process }: Extract<LinkRequest, { kind: "watch" }>): void {
    this.#runFor(id, (parts) => watchByHttp(parts, id, processPath(process)));
  }

  #unsubscribe(id: number): void {
    this.#controllers.get(id)?.abort();
    this.#controllers.delete(id);
    this.#subscriptions.delete(id);
    this.#producers.delete(id);
  }

  #append(message: Extract<LinkRequest, { kind: "append" }>): void {
    const { id, entries } = message;
    const [first] = entries;
    const producer = this.#producers.get(id);
    if (producer === undefined || first === undefined) return;
    this.#run(async () => {
      try {
        const runs = await producer.append(entries);
        this.#emit({ kind: "ack", id, runs });
      } catch (error) {
        const refusal = requireRefusal(error);
        const { sequence } = first;
        this.#emit({ kind: "refused", id, sequence, count: entries.length, error: refusal });
      }
    });
  }

  /** A subscription or watch, with a signal of its own. A refusal ends it. */
  #runFor(id: number, work: (parts: HttpLinkParts) => Promise<void>): void {
    const controller = new AbortController();
    const { signal } = controller;
    this.#controllers.set(id, controller);
    this.#run(async () => {
      try {
        await work({ ...this.#parts, signal });
        this.#unsubscribe(id);
      } catch (error) {
        if (signal.aborted) return;
        const refusal = requireRefusal(error);
        this.#unsubscribe(id);
        this.#emit({ kind: "end", id, reason: "failed", error: refusal });
      }
    });
  }

  /** What fails otherwise than by a refusal ends the link. */
  #run(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (this.#controller.signal.aborted) return;
      this.close();
      this.#sink.closed(isChannelError(error) ? error : unavailable("the line broke", error));
    });
  }

  #emit(message: LinkMessage): void {
    if (!this.#controller.signal.aborted) this.#sink.received(message);
  }
}

/** The server's own answer about what was asked; throws again what says something of the line or the token. */
function requireRefusal(error: unknown): ChannelError {
  const isOfLine =
    !isChannelError(error) ||
    isOfToken(error) ||
    ["request_timeout", "shutting_down"].includes(error.code) ||
    (error.code === "unavailable" && error.cause !== undefined);
  if (isOfLine) throw error;
  return error;
}
