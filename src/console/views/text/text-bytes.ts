import type { TextPlace } from "./text-line.ts";

/** Of an entry's payload, or of a part of it. */
export interface TextBytes extends TextPlace {
  readonly bytes: Uint8Array;
  /** When the entry came, in milliseconds since 1970. */
  readonly time: number;
}

/** Where a byte of a channel stands, and when it came. */
export type BytePlace = TextPlace & { readonly time: number };

/** Parts that follow each other as one piece of bytes: one call for all of them costs less than one for each. */
export class JoinedBytes {
  readonly bytes: Uint8Array;
  readonly #parts: readonly TextBytes[];
  /** The part that was asked about last, and where it begins. */
  #index = 0;
  #begin = 0;

  constructor(parts: readonly TextBytes[]) {
    this.#parts = parts;
    this.bytes = parts.length === 1 && parts[0] !== undefined ? parts[0].bytes : join(parts);
  }

  /** Places are asked for in their order. */
  placeOf(at: number): BytePlace {
    let part = this.#parts[this.#index];
    while (part !== undefined && at >= this.#begin + part.bytes.length) {
      this.#begin += part.bytes.length;
      part = this.#parts[++this.#index];
    }
    if (part === undefined) throw new RangeError(`there is no byte ${at}`);
    const { position, offset, time } = part;
    return { position, offset: offset + at - this.#begin, time };
  }
}

function join(parts: readonly TextBytes[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of parts) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}
