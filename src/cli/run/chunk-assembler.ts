/** Longest that an incomplete character waits for its rest. */
export const heldBackMsMax = 50;

// Chunks smaller than a quarter of a block are copied together: a program that writes byte by byte must
// not cost an object for each.
const blockBytes = 64 * 1024;

/** Where a payload may end, in a stream that it follows. */
export interface PayloadEnd {
  /** How many bytes at the end of this, which comes next, are the beginning of something. */
  heldBytes(payload: Uint8Array): number;
  /** This went out. */
  passed(payload: Uint8Array): void;
}

const characterEnd: PayloadEnd = { heldBytes: incompleteTailBytes, passed: () => undefined };

/**
 * Gathers what a program writes and gives it out in payloads of entries. Bytes are exact and in order,
 * whatever they are; a payload ends inside a character only if the rest of it does not come.
 */
export class ChunkAssembler {
  readonly #end: PayloadEnd;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #block = new Uint8Array(0);
  #blockUsed = 0;

  constructor(end: PayloadEnd = characterEnd) {
    this.#end = end;
  }

  /** Bytes gathered and not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#bytes += chunk.byteLength;
    if (chunk.byteLength > blockBytes / 4) this.#chunks.push(chunk);
    else this.#copy(chunk);
  }

  #copy(chunk: Uint8Array): void {
    if (this.#block.byteLength - this.#blockUsed < chunk.byteLength) {
      this.#block = new Uint8Array(blockBytes);
      this.#blockUsed = 0;
    }
    const start = this.#blockUsed;
    this.#block.set(chunk, start);
    this.#blockUsed += chunk.byteLength;
    const last = this.#chunks.at(-1);
    const isInFront =
      last?.buffer === this.#block.buffer && last.byteOffset + last.byteLength === start;
    if (isInFront)
      this.#chunks[this.#chunks.length - 1] = this.#block.subarray(
        last.byteOffset,
        this.#blockUsed,
      );
    else this.#chunks.push(this.#block.subarray(start, this.#blockUsed));
  }

  /**
   * The next payload of at most `bytesMax` bytes, or undefined if there is nothing but the beginning of
   * a character. With `rest` that is given out as well.
   */
  take(
    bytesMax: number,
    { rest = false }: { readonly rest?: boolean } = {},
  ): Uint8Array | undefined {
    if (this.#bytes === 0) return undefined;
    const gathered = this.#first(Math.min(bytesMax, this.#bytes));
    const isCut = gathered.byteLength < this.#bytes;
    const held = rest && !isCut ? 0 : this.#end.heldBytes(gathered);
    // A limit smaller than a character must not stop the stream.
    const length = held === gathered.byteLength && isCut ? held : gathered.byteLength - held;
    if (length === 0) return undefined;
    this.#drop(length);
    const payload = gathered.subarray(0, length);
    this.#end.passed(payload);
    return payload;
  }

  #first(length: number): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && first.byteLength >= length) return first.subarray(0, length);
    const joined = new Uint8Array(length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, length - offset);
      joined.set(part, offset);
      offset += part.byteLength;
      if (offset === length) break;
    }
    return joined;
  }

  #drop(length: number): void {
    this.#bytes -= length;
    let left = length;
    let whole = 0;
    for (const chunk of this.#chunks) {
      if (chunk.byteLength > left) break;
      left -= chunk.byteLength;
      whole += 1;
    }
    this.#chunks.splice(0, whole);
    const [first] = this.#chunks;
    if (left > 0 && first !== undefined) this.#chunks[0] = first.subarray(left);
  }
}

/** How many bytes at the end are the beginning of a UTF-8 character whose rest is missing: 0 to 3. */
export function incompleteTailBytes(bytes: Uint8Array): number {
  const { byteLength } = bytes;
  for (let length = 1; length <= Math.min(3, byteLength); length++) {
    const byte = bytes[byteLength - length] ?? 0;
    // 10xxxxxx continues a character: its lead byte is further left.
    if ((byte & 0xc0) === 0x80) continue;
    return characterBytes(byte) > length ? length : 0;
  }
  return 0;
}

/** Bytes of the character that a lead byte begins; 1 for bytes that begin none. */
function characterBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 1;
}
