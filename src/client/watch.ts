import type { ProcessView } from "../core/broker/views.ts";
import { createDeferred, type Deferred } from "../core/deferred.ts";
import { ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { decodeError, errorStatus, retryAfterMs } from "../protocol/error-status.ts";
import { decodeProcess } from "../protocol/process-form.ts";
import { BackOff } from "./back-off.ts";
import type { Connection } from "./connection.ts";
import type { Lane, LaneMessage, Line } from "./line.ts";

export type ProcessChange =
  | { readonly kind: "process"; readonly process: ProcessView }
  | { readonly kind: "deleted"; readonly processId: string };

/**
 * The processes that the caller may see, or one: each now, then each that changes. Of one that changes
 * faster than it is taken only the newest state is held. Over a new link the watch starts over, and what
 * is as it was is not told again.
 */
export class Watch implements Lane {
  readonly isNeedy = true;
  readonly #connection: Connection;
  readonly #processId: string | undefined;
  readonly #system: System;
  readonly #backOff: BackOff;
  /** Revision of each that was told, and those that this link has not told yet. */
  readonly #known = new Map<string, ProcessView["revision"]>();
  #untold = new Set<string>();
  readonly #pending = new Map<string, ProcessChange>();
  #line: Line | undefined;
  #id: number | undefined;
  #retryTimer: { cancel(): void } | undefined;
  #waiting: Deferred<void> | undefined;
  #end: { readonly error?: ChannelError } | undefined;

  constructor(connection: Connection, system: System, processId?: string) {
    this.#connection = connection;
    this.#system = system;
    this.#processId = processId;
    this.#backOff = new BackOff(system);
    connection.add(this);
  }

  /** Undefined once it was closed. Throws what ended it otherwise. */
  async next(): Promise<ProcessChange | undefined> {
    for (;;) {
      const [first] = this.#pending;
      if (first !== undefined) {
        this.#pending.delete(first[0]);
        return first[1];
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      this.#waiting ??= createDeferred();
      await this.#waiting.promise;
    }
  }

  close(): void {
    this.#pending.clear();
    this.#finish({});
  }

  attach(line: Line): void {
    this.#line = line;
    this.#start();
  }

  detach(): void {
    this.#line = undefined;
    this.#id = undefined;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
  }

  fail(error: ChannelError): void {
    this.#finish({ error });
  }

  #start(): void {
    const line = this.#line;
    if (line === undefined || this.#end !== undefined) return;
    this.#untold = new Set(this.#known.keys());
    const id = line.open((message) => this.#receive(message));
    this.#id = id;
    const process = this.#processId;
    line.send({ kind: "watch", id, ...(process === undefined ? {} : { process }) });
  }

  #receive(message: LaneMessage): void {
    switch (message.kind) {
      case "process": {
        this.#backOff.reset();
        const process = decodeProcess(message.process);
        this.#untold.delete(process.id);
        if (this.#known.get(process.id) === process.revision) return;
        this.#known.set(process.id, process.revision);
        return this.#push(process.id, { kind: "process", process });
      }
      case "deleted":
        return this.#takeDeleted(message.process);
      case "synced":
        for (const processId of this.#untold) this.#takeDeleted(processId);
        this.#untold = new Set(this.#known.keys());
        return;
      case "end":
        return this.#takeEnd(message);
    }
  }

  #takeDeleted(processId: string): void {
    this.#untold.delete(processId);
    if (!this.#known.delete(processId)) return;
    this.#push(processId, { kind: "deleted", processId });
  }

  #takeEnd({ reason, error }: Extract<LaneMessage, { kind: "end" }>): void {
    if (this.#id !== undefined) this.#line?.forget(this.#id);
    this.#id = undefined;
    if (reason === "revoked")
      return this.#finish({
        error: new ChannelError("unauthorized", { reason: "the right to see it was revoked" }),
      });
    const failure = decodeError(error);
    const [knownId] = this.#known.keys();
    if (failure?.code === "process_not_found" && this.#processId !== undefined && knownId) {
      this.#takeDeleted(knownId);
      return this.#finish({});
    }
    if (failure !== undefined && !errorStatus[failure.code].retryable)
      return this.#finish({ error: failure });
    const waitMs = this.#backOff.nextDelayMs(failure === undefined ? 0 : retryAfterMs(failure));
    this.#retryTimer = this.#system.clock.after(waitMs, () => {
      this.#retryTimer = undefined;
      this.#start();
    });
  }

  #push(processId: string, change: ProcessChange): void {
    this.#pending.delete(processId);
    this.#pending.set(processId, change);
    this.#wake();
  }

  #finish(end: { readonly error?: ChannelError }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#retryTimer?.cancel();
    if (this.#id !== undefined) {
      this.#line?.send({ kind: "unsubscribe", id: this.#id });
      this.#line?.forget(this.#id);
    }
    this.#line = undefined;
    this.#connection.remove(this);
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
