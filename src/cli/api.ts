import { createRequire } from "node:module";
import { isChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { isRetryable as mayPass, retryAfterMs } from "../protocol/error-retry.ts";
import type { JsonAck } from "../protocol/json-form.ts";
import type { Credentials } from "./credentials.ts";
import { raceSignal } from "../client/abort.ts";
import { BackOff, delay } from "../client/back-off.ts";
import { AppendAttempts } from "../client/append-attempts.ts";
import { channelPath, Http, NoAnswerError, type HttpRequest } from "../client/http.ts";
import { Jobwire, sessionOf } from "../client/jobwire.ts";
import { TokenSource } from "../client/token-source.ts";
import { defaultWebSocket, type WebSocketConstructor } from "../client/web-socket.ts";

// A line that broke, or another transport, takes its time; a person waits no longer.
const awayMsMax = 10_000;

/** No answer of a Jobwire server: nobody listens, the line broke, or something else answered. */
export class UnreachableError extends Error {
  constructor(url: string, options?: { readonly cause?: unknown }) {
    super(`cannot reach a Jobwire server at ${url}`, options);
    this.name = "UnreachableError";
  }

  /** There was somebody: what listens may be about to come back, unlike where nobody does. */
  get isBrokenLine(): boolean {
    for (let cause = this.cause; cause instanceof Error; cause = cause.cause)
      if ("code" in cause && brokenLineCodes.has(cause.code)) return true;
    return false;
  }
}

const nothing = new Uint8Array(0);

const brokenLineCodes: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

export interface AppendPlace {
  readonly processId: string;
  readonly channel: string;
  readonly producer: string;
  readonly term?: number | undefined;
}

/** An entry with the number that its producer gives it. */
export interface NumberedEntry {
  readonly sequence: number;
  readonly type?: string | undefined;
  readonly payload?: Uint8Array | undefined;
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether a failure that may pass is one to wait for; by default each is. */
  readonly isWorthWaiting?: (error: unknown) => boolean;
}

/** Told of each attempt to reach the server. */
export interface ReachObserver {
  /** A Jobwire server answered, if only to refuse. */
  reached(): void;
  missed(): void;
}

/** The server as the commands use it, in the name of one identity. */
export class Api {
  readonly url: string;
  readonly credentials: Credentials;
  readonly system: System;
  readonly http: Http;
  readonly #token: () => Promise<string>;
  readonly #observer: ReachObserver | undefined;
  #asking: Jobwire | undefined;
  #wire: Jobwire | undefined;
  readonly #appends = new Map<string, AppendAttempts>();

  constructor(url: string, credentials: Credentials, system: System, observer?: ReachObserver) {
    this.url = url;
    this.credentials = credentials;
    this.system = system;
    this.#token = async () => (await credentials.token()) ?? "";
    // What is tried again is the caller's: a command that has just begun does not wait for a server.
    this.http = new Http(url, new TokenSource(this.#token), system, 0);
    this.#observer = observer;
  }

  as(credentials: Credentials): Api {
    return new Api(this.url, credentials, this.system, this.#observer);
  }

  observedBy(observer: ReachObserver): Api {
    return new Api(this.url, this.credentials, this.system, observer);
  }

  /**
   * One request of the client, which is not repeated. Throws `ChannelError` for a refusal, `UnreachableError`
   * where no answer came.
   */
  async ask<Answer>(
    question: (wire: Jobwire) => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const { url, system } = this;
    // Shorter than any wait before a repeat.
    this.#asking ??= new Jobwire({ url, token: this.#token, system, patienceMs: 1 });
    const answer = question(this.#asking);
    return await this.#observe(signal === undefined ? answer : raceSignal(answer, signal), signal);
  }

  /** For what goes on: reading, writing, watching, over one connection. */
  wire(): Jobwire {
    this.#wire ??= this.#createWire();
    return this.#wire;
  }

  #createWire(): Jobwire {
    const webSocket = defaultWebSocket() ?? loadWebSocket();
    const wire = new Jobwire({ url: this.url, token: this.#token, webSocket });
    wire.onState(({ kind }) => {
      if (kind === "live") this.#observer?.reached();
      if (kind === "waiting") this.#observer?.missed();
    });
    return wire;
  }

  /** Work over that connection, for whom there is no waiting: given up with a server that stays away. */
  async whileReachable<Result>(work: () => Promise<Result>): Promise<Result> {
    const wire = this.wire();
    let timer: { cancel(): void } | undefined;
    let unlisten: (() => void) | undefined;
    const away = new Promise<never>((_, reject) => {
      unlisten = wire.onState((state) => {
        if (state.kind === "live") {
          timer?.cancel();
          timer = undefined;
        } else if (state.kind === "waiting") {
          const { error } = state;
          timer ??= this.system.clock.after(awayMsMax, () => reject(this.unreachable(error)));
        }
      });
    });
    try {
      return await Promise.race([work(), away]);
    } finally {
      unlisten?.();
      timer?.cancel();
    }
  }

  /** The error for a request or a stream that the line failed. */
  unreachable(cause: unknown): UnreachableError {
    this.#observer?.missed();
    return new UnreachableError(this.url, { cause });
  }

  /**
   * Appends an entry that is numbered already, once: over the connection where there is one, which is faster,
   * else by a request. Resolves with its position, 0 for a repeat that is too old. Throws as `ask`; sent again,
   * the entry adds nothing.
   */
  async append(
    { processId, channel, producer, term }: AppendPlace,
    { sequence, type, payload = nothing }: NumberedEntry,
    signal: AbortSignal,
  ): Promise<number> {
    const attempt = this.#attempts(processId, channel)?.append(
      { sequence, type, payload },
      { producer, term },
    );
    if (attempt !== undefined)
      return (await this.#observe(raceSignal(attempt, signal), signal)).position;
    const ack = await this.request("POST", channelPath(processId, channel, "/entries"), {
      query: { producer, sequence, type, term },
      body: payload,
      signal,
    });
    return (ack as JsonAck).entries[0]?.position ?? 0;
  }

  /** Undefined while there is no connection at all: none is made for this. */
  #attempts(processId: string, channel: string): AppendAttempts | undefined {
    if (this.#wire === undefined) return undefined;
    const place = `${processId}/${channel}`;
    let attempts = this.#appends.get(place);
    if (attempts === undefined) {
      const { connection } = sessionOf(this.#wire);
      attempts = new AppendAttempts(connection, processId, channel);
      this.#appends.set(place, attempts);
    }
    return attempts;
  }

  /** As `ask`, for what the client does not ask: the answer's JSON. */
  async request(method: string, path: string, request: HttpRequest = {}): Promise<unknown> {
    return await this.#observe(this.http.request(method, path, request), request.signal);
  }

  async #observe<Answer>(answer: Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
    try {
      const answered = await answer;
      this.#observer?.reached();
      return answered;
    } catch (error) {
      throw signal?.aborted === true ? error : this.explain(error);
    }
  }

  /** What a failed request or stream means here. */
  explain(error: unknown): Error {
    const isAnswer = isChannelError(error) && !(error instanceof NoAnswerError);
    if (!isAnswer || isChannelError(error, "request_timeout")) return this.unreachable(error);
    // One that shuts down answers for the last time.
    if (error.code !== "shutting_down") this.#observer?.reached();
    return error;
  }

  /** Tries again while the line breaks, for a while; a server that is not there is told at once. */
  async retryBrokenLine<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const { clock } = this.system;
    const untilMs = clock.monotonicMs() + awayMsMax;
    return await this.retry(attempt, {
      isWorthWaiting: (error) =>
        error instanceof UnreachableError && error.isBrokenLine && clock.monotonicMs() < untilMs,
    });
  }

  /** Tries until it succeeds or is refused for good. What is tried must be harmless when repeated. */
  async retry<Result>(
    attempt: () => Promise<Result>,
    { signal, isWorthWaiting = () => true }: RetryOptions = {},
  ): Promise<Result> {
    const backOff = new BackOff(this.system);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (signal?.aborted === true || !isRetryable(error) || !isWorthWaiting(error)) throw error;
        await delay(this.system, backOff.nextDelayMs(retryAfterMsOf(error)), signal);
      }
    }
  }
}

/** Where node has none of its own. Imported as a module `ws` takes four times as long to load. */
function loadWebSocket(): WebSocketConstructor {
  const ws = createRequire(import.meta.url)("ws") as { readonly WebSocket: WebSocketConstructor };
  return ws.WebSocket;
}

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  return error instanceof UnreachableError || (isChannelError(error) && mayPass(error));
}

/** What a refusal asks for, else 0. */
export function retryAfterMsOf(error: unknown): number {
  return isChannelError(error) ? (retryAfterMs(error) ?? 0) : 0;
}
