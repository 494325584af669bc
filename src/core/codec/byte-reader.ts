/** Bytes that are not what their codec writes. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DecodeError";
  }
}

const charactersAtOnce = 4096;

/** Reads what a ByteWriter wrote. Every method throws `DecodeError` beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new DecodeError("the bytes end early");
    this.#at++;
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new DecodeError("an integer is too long");
  }

  signed(): number {
    const low = this.byte();
    const magnitude = (low & 0x3f) + (low < 0x80 ? 0 : this.unsigned() * 0x40);
    return (low & 0x40) === 0 || magnitude === 0 ? magnitude : -magnitude;
  }

  text(): string {
    const header = this.unsigned();
    if (header % 2 === 1) return textOf(wideCodes(this.bytes(header - 1)));
    return textOf(this.bytes(header / 2));
  }

  skipText(): void {
    const header = this.unsigned();
    this.bytes(header % 2 === 1 ? header - 1 : header / 2);
  }

  /** All that follows. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DecodeError("the bytes end early");
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }
}

function textOf(codes: Uint8Array | number[]): string {
  if (codes.length <= charactersAtOnce) return fromCodes(codes);
  let text = "";
  for (let i = 0; i < codes.length; i += charactersAtOnce)
    text += fromCodes(codes.slice(i, i + charactersAtOnce));
  return text;
}

function fromCodes(codes: Uint8Array | number[]): string {
  return String.fromCharCode.apply(undefined, codes as number[]);
}

function wideCodes(bytes: Uint8Array): number[] {
  const codes = new Array<number>(bytes.length / 2);
  for (let i = 0; i < codes.length; i++)
    codes[i] = (bytes[i * 2] as number) | ((bytes[i * 2 + 1] as number) << 8);
  return codes;
}
