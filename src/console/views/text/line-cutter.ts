import { LineBuilder } from "./line-builder.ts";
import type { TextRun } from "./text-run.ts";
import type { TextLine, TextPlace } from "./text-line.ts";
import { plainStyle, type TextStyle } from "./text-style.ts";

/** Characters of a line after which it is cut: what has to be drawn at once stays bounded. */
export const lineLengthMax = 4096;

const lineFeed = 0x0a;

/** Of an entry's payload, or of a part of it. */
export interface TextBytes extends TextPlace {
  readonly bytes: Uint8Array;
  readonly time: number;
}

/** Makes lines of bytes that come in pieces, wherever these begin and end. */
export class LineCutter {
  readonly #builder: LineBuilder;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Where the unfinished line begins; undefined before its first byte. */
  #begin: (TextPlace & { readonly time: number }) | undefined;
  #style: TextStyle;

  constructor(style: TextStyle = plainStyle) {
    this.#builder = new LineBuilder(style);
    this.#style = style;
  }

  /** With which the next line begins. */
  get style(): TextStyle {
    return this.#style;
  }

  /** What there is of a line whose end has not come. */
  get unfinished(): TextLine | undefined {
    if (this.#begin === undefined) return undefined;
    const line = this.#createLine(this.#begin, this.#builder.runs, true);
    return line.text === "" && this.#builder.isEmpty ? undefined : line;
  }

  /** The lines that these bytes finish. */
  write({ bytes, position, offset, time }: TextBytes): TextLine[] {
    const lines: TextLine[] = [];
    let at = 0;
    let next = bytes.indexOf(lineFeed);
    while (at < bytes.length) {
      // Only what has more to come is cut: a line that just fits has no empty one behind it.
      if (this.#builder.length >= lineLengthMax && bytes[at] !== lineFeed)
        lines.push(this.#leave(true));
      this.#begin ??= { position, offset: offset + at, time };
      const isWhole = next >= 0 && next - at <= lineLengthMax;
      const end = isWhole ? next : pieceEnd(bytes, at);
      this.#builder.write(this.#decoder.decode(bytes.subarray(at, end), { stream: true }));
      at = isWhole ? end + 1 : end;
      if (!isWhole) continue;
      lines.push(this.finish());
      next = bytes.indexOf(lineFeed, at);
    }
    return lines;
  }

  /** Nothing follows: what there is becomes a line. */
  finish(): TextLine {
    this.#builder.write(this.#decoder.decode());
    return this.#leave(false);
  }

  #leave(isCut: boolean): TextLine {
    const begin = this.#begin ?? { position: 0, offset: 0, time: 0 };
    this.#begin = undefined;
    const line = this.#createLine(begin, this.#builder.take({ isWhole: !isCut }), isCut);
    this.#style = this.#builder.style;
    return line;
  }

  #createLine(
    begin: TextPlace & { readonly time: number },
    runs: readonly TextRun[],
    isCut: boolean,
  ): TextLine {
    const isPlain = runs.every(({ style }) => Object.keys(style).length === 0);
    return {
      ...begin,
      text: runs.length === 1 ? (runs[0]?.text ?? "") : runs.map(({ text }) => text).join(""),
      runs: isPlain ? undefined : [...runs],
      isCut,
      style: this.#style,
    };
  }
}

/** Before a character that begins at the end of the piece: a place is never within one. */
function pieceEnd(bytes: Uint8Array, at: number): number {
  let end = Math.min(bytes.length, at + lineLengthMax);
  if (end === bytes.length) return end;
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end--;
  return end;
}
