import type { ChannelLog, LogListener } from "./channel-log.ts";
import { createDeferred } from "./deferred.ts";
import type { Deferred } from "./deferred.ts";
import type { MsgEntry } from "./entry.ts";
import { ChannelError } from "./errors.ts";

/**
 * A reader of a bare router's channel: a cursor into its log, not a queue. Replay and live tail are one
 * thing. A reader that falls too far behind is cut off: it still gets the entries it holds, less one, and
 * then a last entry that carries only an error text and, as its position, the one to resume after.
 */
export class Subscription implements AsyncIterable<MsgEntry>, LogListener {
  readonly callerId: string;
  readonly #log: ChannelLog;
  readonly #bufferSize: number;
  readonly #onEnd: (subscription: Subscription) => void;
  // Entries up to here were there when it began: replay, which no limit counts.
  readonly #startedAt: number;
  #cursor: number;
  #endsAt = Infinity;
  #lastEntry: MsgEntry | undefined;
  #waiting: Deferred<void> | undefined;

  /** Made by `Router.subscribe`. */
  constructor(
    log: ChannelLog,
    options: {
      readonly callerId: string;
      readonly after: number;
      readonly bufferSize: number;
      readonly onEnd: (subscription: Subscription) => void;
    },
  ) {
    this.#log = log;
    this.callerId = options.callerId;
    this.#bufferSize = options.bufferSize;
    this.#onEnd = options.onEnd;
    this.#startedAt = log.visible;
    this.#cursor = Math.max(options.after, log.first - 1);
    // A late entry must not slip in before the place this reader begins at.
    log.fix(Math.min(Math.max(this.#cursor, 0), log.visible));
    log.attach(this);
  }

  /** Position of the last entry taken. */
  get position(): number {
    return this.#cursor;
  }

  /** No entry will come any more; those that it holds can still be taken. */
  get isClosed(): boolean {
    return this.#endsAt !== Infinity;
  }

  /** The next entry without waiting, or undefined. */
  tryNext(): MsgEntry | undefined {
    if (this.#cursor < this.#endsAt) {
      const entry = this.#log.readOne(this.#cursor);
      if (entry !== undefined) {
        this.#cursor++;
        return entry;
      }
    }
    if (this.#cursor < this.#endsAt) return undefined;
    const last = this.#lastEntry;
    this.#lastEntry = undefined;
    return last;
  }

  /** The next entry; undefined after the last one. */
  async next(): Promise<MsgEntry | undefined> {
    for (;;) {
      const entry = this.tryNext();
      if (entry !== undefined || this.#isDrained()) return entry;
      await this.#wait();
    }
  }

  /** Everything since the last take, at least one entry, at most `limit`; empty after the last one. */
  async nextBatch(limit = 1024): Promise<readonly MsgEntry[]> {
    for (;;) {
      const entries: MsgEntry[] = [];
      while (entries.length < limit) {
        const entry = this.tryNext();
        if (entry === undefined) break;
        entries.push(entry);
      }
      if (entries.length > 0 || this.#isDrained()) return entries;
      await this.#wait();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MsgEntry, void, undefined> {
    try {
      for (let entry = await this.next(); entry !== undefined; entry = await this.next())
        yield entry;
    } finally {
      this.close();
    }
  }

  /** Ends it. What was appended before can still be taken. Twice is harmless. */
  close(): void {
    this.#end(this.#log.visible);
  }

  /** Called by the log on each append. */
  logAdvanced(): void {
    const pending = this.#log.visible - Math.max(this.#cursor, this.#startedAt);
    if (pending > this.#bufferSize) this.#cutOff();
    else this.#wake();
  }

  #cutOff(): void {
    // One of the entries it holds makes room for the last one.
    const resumeAfter = Math.max(this.#cursor, this.#startedAt) + Math.max(0, this.#bufferSize - 1);
    this.#lastEntry = {
      position: resumeAfter,
      sequence: 0,
      inReplyTo: 0,
      replyTo: 0,
      timestamp: 0,
      senderId: "",
      producer: "",
      payload: new Uint8Array(0),
      type: "error",
      error: new ChannelError("subscriber_too_slow", { resumeAfter }).message,
    };
    this.#log.fix(resumeAfter);
    this.#end(resumeAfter);
  }

  #end(endsAt: number): void {
    if (this.isClosed) return;
    this.#endsAt = endsAt;
    this.#log.fix(Math.min(endsAt, this.#log.visible));
    this.#log.detach(this);
    this.#onEnd(this);
    this.#wake();
  }

  #isDrained(): boolean {
    return this.#cursor >= this.#endsAt && this.#lastEntry === undefined;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #wait(): Promise<void> {
    this.#waiting ??= createDeferred();
    return this.#waiting.promise;
  }
}
