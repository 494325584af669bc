import type { NewEntry } from "./job-producer.ts";

const MiB = 1024 * 1024;

/** Local input that is in the channel and not yet in the program. Far less than the channel keeps. */
const aheadBytesMax = 16 * MiB;

/**
 * How far the copy of local input is ahead of the program. The channel trims its oldest entries when
 * full; with this none is trimmed that the program has not read. And what is ahead can be sent again into
 * a process that was created again: the program must not work on input with a hole.
 */
export class InputWindow {
  #ahead: { readonly position: number; readonly entry: NewEntry }[] = [];
  #unsent: NewEntry[] = [];
  #bytes = 0;
  #received = 0;
  onRoom: () => void = () => undefined;

  get isFull(): boolean {
    return this.#bytes >= aheadBytesMax;
  }

  /** What a process that was created again has to get before anything else. */
  get unsent(): readonly NewEntry[] {
    return this.#unsent;
  }

  acknowledged(entry: NewEntry, position: number): void {
    this.#unsent = this.#unsent.filter((unsent) => unsent !== entry);
    // The program may be told of an entry before its sender is.
    if (position <= this.#received) return;
    this.#ahead.push({ position, entry });
    this.#bytes += bytesOf(entry);
  }

  /** Read from the channel, though perhaps not yet taken by the program. */
  received(position: number): void {
    this.#received = position;
  }

  consumed(position: number): void {
    const wasFull = this.isFull;
    for (
      let first = this.#ahead[0];
      first !== undefined && first.position <= position;
      first = this.#ahead[0]
    ) {
      this.#bytes -= bytesOf(first.entry);
      this.#ahead.shift();
    }
    if (wasFull && !this.isFull) this.onRoom();
  }

  /** The process was created again, with an empty channel. */
  renew(): void {
    const lost = this.#ahead.filter(({ position }) => position > this.#received);
    this.#unsent = [...lost.map(({ entry }) => entry), ...this.#unsent];
    this.consumed(Infinity);
    this.#received = 0;
  }
}

function bytesOf({ payload }: NewEntry): number {
  return payload?.byteLength ?? 0;
}
