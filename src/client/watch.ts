import type { ProcessView } from "../core/broker/views.ts";
import type { ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { decodeProcess } from "../protocol/process-form.ts";
import { Condition } from "./condition.ts";
import type { Connection } from "./connection.ts";
import type { Lane, LaneMessage, Line } from "./line.ts";
import { Renewal } from "./renewal.ts";

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
  readonly #renewal: Renewal;
  /** Revision of each that was told, and those that this link has not told yet. */
  readonly #known = new Map<string, ProcessView["revision"]>();
  #untold = new Set<string>();
  readonly #pending = new Map<string, ProcessChange>();
  #line: Line | undefined;
  #id: number | undefined;
  readonly #changed = new Condition();
  #end: { readonly error?: ChannelError } | undefined;

  constructor(connection: Connection, system: System, processId?: string) {
    this.#connection = connection;
    this.#processId = processId;
    this.#renewal = new Renewal(system, () => this.#start());
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
      await this.#changed.wait();
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
    this.#renewal.cancel();
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
    line.send({ kind: "watch", id, process: this.#processId });
  }

  #receive(message: LaneMessage): void {
    switch (message.kind) {
      case "process": {
        this.#renewal.reset();
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

  #takeEnd(end: Extract<LaneMessage, { kind: "end" }>): void {
    if (this.#id !== undefined) this.#line?.forget(this.#id);
    this.#id = undefined;
    const error = this.#renewal.takeEnd(end);
    if (error !== undefined) this.#finish({ error });
  }

  #push(processId: string, change: ProcessChange): void {
    this.#pending.delete(processId);
    this.#pending.set(processId, change);
    this.#changed.notify();
  }

  #finish(end: { readonly error?: ChannelError }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#renewal.cancel();
    if (this.#id !== undefined) {
      this.#line?.send({ kind: "unsubscribe", id: this.#id });
      this.#line?.forget(this.#id);
    }
    this.#line = undefined;
    this.#connection.remove(this);
    this.#changed.notify();
  }
}
