const initialBytes = 256;

/**
 * A growing buffer for the codecs of stores. Integers take one byte for each 7 bits; a text is kept as
 * JavaScript has it, one byte a character where that is enough and else two, so that every text comes back
 * exactly, also one that is not well-formed Unicode.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Of the buffer; asking the buffer costs more. */
  #capacity: number;
  #length = 0;

  constructor(capacity = initialBytes) {
    this.#bytes = new Uint8Array(capacity);
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, valid until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A part of it, valid until the next write. */
  slice(from: number, to = this.#length): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(from, to);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Leaves room that is filled in later; what is in it is not said. */
  reserve(count: number): void {
    if (this.#capacity - this.#length < count) this.#grow(count);
    this.#length += count;
  }

  byte(value: number): void {
    if (this.#length === this.#capacity) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** An integer from 0 to 2^53. */
  unsigned(value: number): void {
    if (this.#capacity - this.#length < 8) this.#grow(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    // Shifts would cut at 32 bits; a mask does not care, and is much faster than a remainder.
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#length = at;
  }

  /** An integer within ±2^53: a byte with its sign and six bits, then the rest. */
  signed(value: number): void {
    const magnitude = Math.abs(value);
    const low = (magnitude & 0x3f) | (value < 0 ? 0x40 : 0);
    if (magnitude < 0x40) {
      this.byte(low);
      return;
    }
    this.byte(low | 0x80);
    this.unsigned(Math.floor(magnitude / 0x40));
  }

  text(text: string): void {
    const { length } = text;
    if (this.#capacity - this.#length < length + 8) this.#grow(length + 8);
    const start = this.#length;
    this.unsigned(length * 2);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) {
        this.#length = start;
        this.#wideText(text);
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#capacity - this.#length < length) this.#grow(length);
    this.#bytes.set(bytes, this.#length);
    this.#length += length;
  }

  #wideText(text: string): void {
    const { length } = text;
    if (this.#capacity - this.#length < length * 2 + 8) this.#grow(length * 2 + 8);
    this.unsigned(length * 2 + 1);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      this.#bytes[this.#length++] = code & 0xff;
      this.#bytes[this.#length++] = code >> 8;
    }
  }

  #grow(count: number): void {
    this.#capacity = Math.max(this.#capacity * 2, this.#length + count);
    const larger = new Uint8Array(this.#capacity);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
