import type { Cursor } from "../core/broker/views.ts";
import { entryOverheadBytes, type MsgEntry } from "../core/entry.ts";
import { ChannelError, unavailable } from "../core/errors.ts";
import type { Outcome } from "../core/process-record.ts";
import type { System } from "../core/system.ts";
import { decodeCursor, encodeCursor } from "../protocol/cursor.ts";
import { decodeOutcome, type JsonGap } from "../protocol/json-form.ts";
import { Condition } from "./condition.ts";
import type { Connection } from "./connection.ts";
import type { Lane, LaneMessage, Line } from "./line.ts";
import { Listeners } from "./listeners.ts";
import { Renewal } from "./renewal.ts";

/** An entry with the cursor to come back with after it. */
export interface ChannelEntry extends MsgEntry {
  readonly cursor: string;
}

export type ReaderItem =
  | { readonly kind: "entries"; readonly entries: readonly ChannelEntry[] }
  | ({ readonly kind: "gap" } & JsonGap);

/** How far a reader is. `behind`: entries that there are and that were not taken yet. */
export type ReaderState =
  | { readonly kind: "connecting" | "live" }
  | { readonly kind: "behind"; readonly entries: number }
  | { readonly kind: "closed"; readonly outcome?: Outcome; readonly error?: ChannelError };

export interface ReaderOptions {
  readonly processId: string;
  readonly channel: string;
  /** As in a query: `start`, `now`, `last:<n>`, a position, or a cursor. */
  readonly after: string;
  readonly readAheadBytes: number;
  readonly system: System;
}

const positionForm = /^\d+$/;

/**
 * One subscription over however many links: the cursor moves only as items are put into the queue, and
 * what comes twice is dropped by its position. The queue is bounded by the credit that the server is given.
 */
export class Reader implements Lane {
  readonly isNeedy = true;
  readonly states = new Listeners<ReaderState>({ kind: "connecting" });
  readonly #connection: Connection;
  readonly #options: ReaderOptions;
  readonly #renewal: Renewal;
  #cursor: Cursor | undefined;
  /** Of the positions that come over the present subscription. */
  #epoch = "";
  #last = 0;
  #taken = 0;
  #line: Line | undefined;
  #id: number | undefined;
  #queue: ReaderItem[] = [];
  #queuedBytes = 0;
  #creditDue = 0;
  readonly #changed = new Condition();
  #end: { readonly outcome?: Outcome; readonly error?: ChannelError } | undefined;

  constructor(connection: Connection, options: ReaderOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#renewal = new Renewal(options.system, () => this.#subscribe());
    if (options.after.includes(".")) this.#cursor = decodeCursor(options.after);
    connection.add(this);
  }

  /** How the process ended, once all was read. */
  get outcome(): Outcome | undefined {
    return this.#end?.outcome;
  }

  /** Undefined at the end. Throws what ended it otherwise; what had come before is given first. */
  async next(): Promise<ReaderItem | undefined> {
    for (;;) {
      const item = this.#queue.shift();
      if (item !== undefined) {
        this.#return(item);
        return item;
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      await this.#changed.wait();
    }
  }

  /** Nobody reads on. A waiting `next` gets the end. */
  close(): void {
    this.#queue = [];
    this.#finish({});
  }

  attach(line: Line): void {
    this.#line = line;
    this.#subscribe();
  }

  detach(): void {
    this.#line = undefined;
    this.#id = undefined;
    this.#renewal.cancel();
    if (this.#end === undefined) this.states.set({ kind: "connecting" });
  }

  fail(error: ChannelError): void {
    this.#finish({ error });
  }

  /** Only with room: each subscription may send one entry beyond its credit. */
  #subscribe(): void {
    const room = this.#options.readAheadBytes - this.#queuedBytes;
    if (this.#line === undefined || this.#id !== undefined || this.#renewal.isWaiting) return;
    if (room <= 0 || this.#end !== undefined) return;
    const line = this.#line;
    const id = line.open((message) => this.#receive(message, line));
    this.#id = id;
    this.#creditDue = 0;
    const { processId: process, channel } = this.#options;
    const after = this.#cursor === undefined ? this.#options.after : encodeCursor(this.#cursor);
    line.send({ kind: "subscribe", id, process, channel, after, credit: room });
  }

  #receive(message: LaneMessage, line: Line): void {
    switch (message.kind) {
      case "subscribed":
        this.#begin(decodeCursor(message.cursor));
        this.#last = message.last;
        return this.#showProgress();
      case "entries":
        this.#renewal.reset();
        this.#last = message.last;
        return this.#takeEntries(message.entries, line);
      case "gap": {
        const { reason, first, cursor } = message;
        this.#cursor = decodeCursor(cursor);
        this.#epoch = this.#cursor.epoch;
        return this.#push({ kind: "gap", reason, first, cursor });
      }
      case "head":
        this.#last = message.last;
        return this.#showProgress();
      case "end":
        return this.#takeEnd(message);
    }
  }

  /**
   * Where no cursor is known yet, this is the first. One that is known stays: should a gap follow and the
   * link break before it comes, it is asked for and told again.
   */
  #begin(cursor: Cursor): void {
    this.#epoch = cursor.epoch;
    if (this.#cursor !== undefined) return;
    const { after } = this.#options;
    this.#cursor = positionForm.test(after)
      ? { epoch: cursor.epoch, position: Number(after) }
      : cursor;
    this.#taken = this.#cursor.position;
  }

  #takeEntries(entries: readonly MsgEntry[], line: Line): void {
    const epoch = this.#epoch;
    let known = this.#cursor?.epoch === epoch ? this.#cursor.position : Number.NaN;
    const fresh: ChannelEntry[] = [];
    for (const entry of entries as (MsgEntry & { cursor: string })[]) {
      const { position } = entry;
      if (position <= known) {
        this.#creditDue += entryCost(entry);
        continue;
      }
      // Nothing is ever jumped over in silence, and another epoch begins with a gap.
      if (position !== known + 1) return line.break(unavailable("entries are missing"));
      known = position;
      // One more field of the same object: a copy of each would be much of what reading costs.
      entry.cursor = encodeCursor({ epoch, position });
      fresh.push(entry);
    }
    if (fresh.length === 0) return;
    this.#cursor = { epoch, position: known };
    this.#push({ kind: "entries", entries: fresh });
  }

  #takeEnd(end: Extract<LaneMessage, { kind: "end" }>): void {
    this.#drop();
    const { reason, outcome } = end;
    const { processId } = this.#options;
    if (reason === "closed")
      return this.#finish(outcome === undefined ? {} : { outcome: decodeOutcome(outcome) });
    if (reason === "deleted")
      return this.#finish({ error: new ChannelError("process_not_found", { processId }) });
    const error = this.#renewal.takeEnd(end);
    if (error !== undefined) this.#finish({ error });
  }

  #push(item: ReaderItem): void {
    this.#queue.push(item);
    this.#queuedBytes += itemCost(item);
    this.#changed.notify();
    this.#showProgress();
  }

  /** What the consumer takes makes room for as much. Told in large pieces: until then the server has the rest. */
  #return(item: ReaderItem): void {
    const cost = itemCost(item);
    this.#queuedBytes -= cost;
    this.#creditDue += cost;
    if (item.kind === "gap") this.#taken = decodeCursor(item.cursor).position;
    else this.#taken = item.entries.at(-1)?.position ?? this.#taken;
    if (this.#id === undefined) this.#subscribe();
    else if (this.#creditDue >= this.#options.readAheadBytes / 4) {
      this.#line?.send({ kind: "credit", id: this.#id, bytes: this.#creditDue });
      this.#creditDue = 0;
    }
    this.#showProgress();
  }

  #showProgress(): void {
    if (this.#end !== undefined || this.#id === undefined) return;
    const entries = Math.max(0, this.#last - this.#taken);
    const { value } = this.states;
    if (entries === 0) {
      if (value.kind !== "live") this.states.set({ kind: "live" });
    } else if (value.kind !== "behind" || value.entries !== entries)
      this.states.set({ kind: "behind", entries });
  }

  #drop(): void {
    if (this.#id !== undefined) this.#line?.forget(this.#id);
    this.#id = undefined;
  }

  #finish(end: { readonly outcome?: Outcome; readonly error?: ChannelError }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#renewal.cancel();
    if (this.#id !== undefined) this.#line?.send({ kind: "unsubscribe", id: this.#id });
    this.#drop();
    this.#line = undefined;
    this.#connection.remove(this);
    this.#changed.notify();
    this.states.set({ kind: "closed", ...end });
  }
}

function entryCost({ payload }: { readonly payload: Uint8Array }): number {
  return payload.length + entryOverheadBytes;
}

function itemCost(item: ReaderItem): number {
  return item.kind === "gap" ? 0 : item.entries.reduce((sum, entry) => sum + entryCost(entry), 0);
}
