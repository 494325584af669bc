import { createDeferred, type Deferred } from "../../core/deferred.ts";
import type { System } from "../../core/system.ts";
import { encodeGapEntry, gapEntryType } from "../../protocol/gap-entry.ts";
import { heldBackMsMax, type PayloadEnd } from "./chunk-assembler.ts";
import { OutputBacklog, type BacklogPart, type Mark } from "./output-backlog.ts";
import type { NewEntry } from "./job-producer.ts";

const MiB = 1024 * 1024;

/** Largest payload that a writer makes of what has gathered. */
export const chunkBytesMax = MiB;

/** Bytes of a program's output that wait for the server before the program is made to wait. */
const waitingBytesMax = 64 * MiB;

/** What a writer needs of a producer. */
export interface Appender {
  append(entry: NewEntry): Promise<number>;
  /** Of the last entry that is in the channel, once nothing is under way. Asked where marks are set. */
  lastPosition?(): Promise<number>;
}

export interface ChannelWriterOptions {
  readonly bytesMax?: number;
  /** Whether the stream's end becomes an entry; true unless given. */
  readonly hasEndEntry?: boolean;
  /** Room again after `push` had returned false. */
  readonly onRoom?: () => void;
  /** The bound is reached; not told again before there was room. */
  readonly onFull?: () => void;
  /** Whether what comes beyond the bound is dropped now, and a gap left in its place; never unless given. */
  readonly dropsBeyondBound?: () => boolean;
  /** An entry of that many bytes was acknowledged. */
  readonly onAppended?: (position: number, bytes: number) => void;
  /** A gap was acknowledged. */
  readonly onGap?: () => void;
  /** Where payloads may end; at the ends of characters unless given. */
  readonly createPayloadEnd?: () => PayloadEnd;
}

/**
 * Writes a stream of bytes into a channel. What gathers while one append is under way is the next one:
 * single lines while it is quiet, large payloads under load, without a timer.
 */
export class ChannelWriter {
  readonly #backlog: OutputBacklog;
  readonly #producer: Appender;
  readonly #system: System;
  readonly #bytesMax: number;
  readonly #hasEndEntry: boolean;
  readonly #onRoom: () => void;
  readonly #onFull: () => void;
  readonly #dropsBeyondBound: () => boolean;
  readonly #onAppended: (position: number, bytes: number) => void;
  readonly #onGap: () => void;
  #pushedAtMs = 0;
  #isEnded = false;
  #isFull = false;
  #hasFailed = false;
  #wakeUp: Deferred<void> | undefined;

  /** Settles when everything up to the `end` entry is acknowledged; rejects when the server takes no more. */
  readonly finished: Promise<void>;

  constructor(producer: Appender, system: System, options: ChannelWriterOptions = {}) {
    const { bytesMax = waitingBytesMax, hasEndEntry = true } = options;
    const { onRoom = () => undefined, onAppended = () => undefined } = options;
    const { onFull = () => undefined, dropsBeyondBound = () => false } = options;
    this.#backlog = new OutputBacklog(options.createPayloadEnd);
    this.#onGap = options.onGap ?? (() => undefined);
    this.#producer = producer;
    this.#system = system;
    this.#bytesMax = bytesMax;
    this.#hasEndEntry = hasEndEntry;
    this.#onRoom = onRoom;
    this.#onFull = onFull;
    this.#dropsBeyondBound = dropsBeyondBound;
    this.#onAppended = onAppended;
    this.finished = this.#deliver();
    // Whoever waits for it learns of the failure; nobody needs to wait from the start.
    this.finished.catch(() => undefined);
  }

  /** Bytes that the server has not acknowledged. */
  get waitingBytes(): number {
    return this.#backlog.bytes;
  }

  /** From reaching the bound until half of it is delivered. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** False: enough for now, stop until `onRoom`. Once the server has refused for good, bytes are dropped. */
  push(chunk: Uint8Array): boolean {
    if (this.#hasFailed) return true;
    if (this.#isFull && this.#dropsBeyondBound()) {
      this.#backlog.drop(chunk.byteLength);
      return true;
    }
    this.#backlog.push(chunk);
    this.#pushedAtMs = this.#system.clock.monotonicMs();
    if (!this.#isFull && this.#backlog.bytes >= this.#bytesMax) {
      this.#isFull = true;
      this.#onFull();
    }
    this.#wakeUp?.resolve();
    return !this.#isFull || this.#dropsBeyondBound();
  }

  /** An entry of another type, in its place between the bytes. */
  insert(entry: NewEntry): void {
    if (this.#hasFailed) return;
    this.#backlog.insert(entry);
    this.#wakeUp?.resolve();
  }

  /** Told once everything before this place is acknowledged; never, once the server has refused for good. */
  mark(mark: Mark): void {
    if (this.#hasFailed) return;
    this.#backlog.mark(mark);
    this.#wakeUp?.resolve();
  }

  /** What waits for room need not any longer where what comes beyond the bound is dropped from now on. */
  releaseIfDropping(): void {
    if (this.#isFull && this.#dropsBeyondBound()) this.#onRoom();
  }

  /** Nothing follows: an `end` entry finishes the stream. */
  end(): void {
    this.#isEnded = true;
    this.#wakeUp?.resolve();
  }

  async #deliver(): Promise<void> {
    try {
      for (;;) {
        const part = this.#take();
        if (part !== undefined) await this.#append(part);
        else if (this.#isEnded) break;
        else await this.#wait();
      }
      if (this.#hasEndEntry) await this.#producer.append({ type: "end" });
    } catch (error) {
      this.#hasFailed = true;
      this.#backlog.clear();
      this.#makeRoom();
      throw error;
    }
  }

  #take(): BacklogPart | undefined {
    const heldMs = this.#system.clock.monotonicMs() - this.#pushedAtMs;
    return this.#backlog.take(chunkBytesMax, { rest: this.#isEnded || heldMs >= heldBackMsMax });
  }

  async #append(part: BacklogPart): Promise<void> {
    if ("missingBytes" in part) {
      const payload = encodeGapEntry({ bytes: part.missingBytes, reason: "dropped" });
      await this.#producer.append({ type: gapEntryType, payload });
      this.#onGap();
    } else if ("entry" in part) await this.#producer.append(part.entry);
    else if ("mark" in part) part.mark((await this.#producer.lastPosition?.()) ?? 0);
    else {
      this.#onAppended(await this.#producer.append(part), part.payload.byteLength);
    }
    if (this.#backlog.bytes <= this.#bytesMax / 2) this.#makeRoom();
  }

  #makeRoom(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#onRoom();
  }

  async #wait(): Promise<void> {
    const wakeUp = createDeferred();
    this.#wakeUp = wakeUp;
    const { clock } = this.#system;
    const heldUntilMs = this.#pushedAtMs + heldBackMsMax - clock.monotonicMs();
    // Something is left only if it is the beginning of a character.
    const timer =
      this.#backlog.bytes === 0 ? undefined : clock.after(heldUntilMs, () => wakeUp.resolve());
    await wakeUp.promise;
    timer?.cancel();
    this.#wakeUp = undefined;
  }
}
