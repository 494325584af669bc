import { createDeferred, type Deferred } from "../../core/deferred.ts";
import type { System } from "../../core/system.ts";
import { ChunkAssembler, heldBackMsMax } from "./chunk-assembler.ts";
import type { Producer } from "./producer.ts";

const MiB = 1024 * 1024;

/** Largest payload that a writer makes of what has gathered. */
export const chunkBytesMax = MiB;

/** Bytes of a program's output that wait for the server before the program is made to wait. */
export const waitingBytesMax = 64 * MiB;

/** What a writer needs of a producer. */
export type Appender = Pick<Producer, "append">;

export interface ChannelWriterOptions {
  readonly bytesMax?: number;
  /** Whether the stream's end becomes an entry; true unless given. */
  readonly hasEndEntry?: boolean;
  /** Room again after `push` had returned false. */
  readonly onRoom?: () => void;
  /** An entry was acknowledged. */
  readonly onAppended?: (position: number, bytes: number) => void;
}

/**
 * Writes a stream of bytes into a channel. What gathers while one append is under way is the next one:
 * single lines while it is quiet, large payloads under load, without a timer.
 */
export class ChannelWriter {
  readonly #assembler = new ChunkAssembler();
  readonly #producer: Appender;
  readonly #system: System;
  readonly #bytesMax: number;
  readonly #hasEndEntry: boolean;
  readonly #onRoom: () => void;
  readonly #onAppended: (position: number, bytes: number) => void;
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
    this.#producer = producer;
    this.#system = system;
    this.#bytesMax = bytesMax;
    this.#hasEndEntry = hasEndEntry;
    this.#onRoom = onRoom;
    this.#onAppended = onAppended;
    this.finished = this.#deliver();
    // Whoever waits for it learns of the failure; nobody needs to wait from the start.
    this.finished.catch(() => undefined);
  }

  /** Bytes that the server has not acknowledged. */
  get waitingBytes(): number {
    return this.#assembler.bytes;
  }

  /** False: enough for now, stop until `onRoom`. Once the server has refused for good, bytes are dropped. */
  push(chunk: Uint8Array): boolean {
    if (this.#hasFailed) return true;
    this.#assembler.push(chunk);
    this.#pushedAtMs = this.#system.clock.monotonicMs();
    this.#isFull = this.#assembler.bytes >= this.#bytesMax;
    this.#wakeUp?.resolve();
    return !this.#isFull;
  }

  /** Nothing follows: an `end` entry finishes the stream. */
  end(): void {
    this.#isEnded = true;
    this.#wakeUp?.resolve();
  }

  async #deliver(): Promise<void> {
    try {
      for (;;) {
        const payload = this.#take();
        if (payload !== undefined) await this.#append(payload);
        else if (this.#isEnded) break;
        else await this.#wait();
      }
      if (this.#hasEndEntry) await this.#producer.append({ type: "end" });
    } catch (error) {
      this.#hasFailed = true;
      while (this.#assembler.take(this.#bytesMax, { rest: true }) !== undefined);
      this.#makeRoom();
      throw error;
    }
  }

  #take(): Uint8Array | undefined {
    const heldMs = this.#system.clock.monotonicMs() - this.#pushedAtMs;
    return this.#assembler.take(chunkBytesMax, { rest: this.#isEnded || heldMs >= heldBackMsMax });
  }

  async #append(payload: Uint8Array): Promise<void> {
    const position = await this.#producer.append({ payload });
    this.#onAppended(position, payload.byteLength);
    if (this.#isFull && this.#assembler.bytes <= this.#bytesMax / 2) this.#makeRoom();
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
      this.#assembler.bytes === 0 ? undefined : clock.after(heldUntilMs, () => wakeUp.resolve());
    await wakeUp.promise;
    timer?.cancel();
    this.#wakeUp = undefined;
  }
}
