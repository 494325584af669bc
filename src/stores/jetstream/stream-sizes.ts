import type { StreamState } from "./jet-stream.ts";

/** A message that was written from here. */
export interface WrittenMessage {
  readonly sequence: number;
  /** As its stream counts them. */
  readonly bytes: number;
}

/** Messages of a stream that are told apart until its leader counts them; those beyond wait for the last one. */
const writtenMax = 10_000;

/** Bytes of all streams: what their leaders say once a second, and what was written from here since. */
export class StreamSizes {
  readonly #sizes: ReadonlyMap<string, StreamSize>;

  constructor(streams: readonly string[]) {
    this.#sizes = new Map(streams.map((stream) => [stream, new StreamSize()]));
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#sizes.values()) sum += bytes;
    return sum;
  }

  add(stream: string, message: WrittenMessage): void {
    this.#sizes.get(stream)?.add(message);
  }

  take(stream: string, state: StreamState): void {
    this.#sizes.get(stream)?.take(state);
  }
}

class StreamSize {
  /** As the leader said last. */
  #state: StreamState = { bytes: 0, lastSequence: 0 };
  /** What it does not count yet. */
  #written: WrittenMessage[] = [];
  #writtenBytes = 0;

  get bytes(): number {
    return this.#state.bytes + this.#writtenBytes;
  }

  add(message: WrittenMessage): void {
    // The leader may have counted it before the answer to the write came.
    if (message.sequence <= this.#state.lastSequence) return;
    this.#writtenBytes += message.bytes;
    if (this.#written.length < writtenMax) this.#written.push(message);
    else this.#merge(message);
  }

  take(state: StreamState): void {
    this.#state = state;
    this.#written = this.#written.filter(({ sequence }) => sequence > state.lastSequence);
    this.#writtenBytes = this.#written.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #merge({ sequence, bytes }: WrittenMessage): void {
    const last = this.#written.pop();
    this.#written.push({
      sequence: Math.max(sequence, last?.sequence ?? 0),
      bytes: bytes + (last?.bytes ?? 0),
    });
  }
}
