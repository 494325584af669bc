import { hasControl, LineBuilder } from "./line-builder.ts";
import type { TextRun } from "./text-run.ts";
import { JoinedBytes, type BytePlace, type TextBytes } from "./text-bytes.ts";
import type { TextLine } from "./text-line.ts";
import {
  continueStyle,
  isSameStyle,
  looksPlain,
  plainStyle,
  type TextStyle,
} from "./text-style.ts";

/** Characters of a line after which it is cut: what has to be drawn at once stays bounded. */
export const lineLengthMax = 4096;

const lineFeed = 0x0a;

/** Makes lines of bytes that come in pieces, wherever these begin and end. */
export class LineCutter {
  readonly #builder: LineBuilder;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Where the unfinished line begins; undefined before its first byte. */
  #begin: BytePlace | undefined;
  #style: TextStyle;

  constructor(style: TextStyle = plainStyle) {
    this.#builder = new LineBuilder(style);
    this.#style = style;
  }

  /** Of what comes next. */
  get endStyle(): TextStyle {
    return this.#builder.style;
  }

  /** What there is of a line whose end has not come. */
  get unfinished(): TextLine | undefined {
    if (this.#begin === undefined) return undefined;
    const line = this.#createLine(this.#begin, this.#builder.runs, true);
    return line.text === "" && this.#builder.isEmpty ? undefined : line;
  }

  /** What came before it is known by now, and how it looked. */
  continueFrom(before: TextStyle): void {
    this.#style = continueStyle(this.#style, before);
    this.#builder.continueFrom(before);
  }

  /** The lines that these bytes finish. */
  write(parts: readonly TextBytes[]): TextLine[] {
    const joined = new JoinedBytes(parts);
    const { bytes } = joined;
    const lines: TextLine[] = [];
    // Looked for once each: in a line of megabytes it is far.
    let next = bytes.indexOf(lineFeed);
    for (let at = 0; at < bytes.length;) {
      // Only what has more to come is cut: a line that just fits has no empty one behind it.
      if (this.#builder.length >= lineLengthMax && bytes[at] !== lineFeed)
        lines.push(this.#leave(true));
      this.#begin ??= joined.placeOf(at);
      const ends: number[] = [];
      let end = at;
      for (; next >= 0 && next - end <= lineLengthMax; next = bytes.indexOf(lineFeed, end)) {
        ends.push(next);
        end = next + 1;
      }
      if (ends.length > 0) this.#writeLines(joined, at, ends, lines);
      else {
        end = pieceEnd(bytes, at);
        this.#builder.write(this.#decode(bytes, at, end));
      }
      at = end;
    }
    return lines;
  }

  /** Nothing follows: what there is becomes a line. */
  finish(): TextLine {
    this.#builder.write(this.#decoder.decode());
    return this.#leave(false);
  }

  /** Whole lines, decoded together: as many line feeds come out as go in, whatever is between them. */
  #writeLines(
    joined: JoinedBytes,
    begin: number,
    ends: readonly number[],
    lines: TextLine[],
  ): void {
    const text = this.#decode(joined.bytes, begin, (ends.at(-1) ?? begin) + 1);
    const isPlain = !hasControl(text);
    let at = begin;
    let from = 0;
    for (const end of ends) {
      const to = text.indexOf("\n", from);
      const line = text.slice(from, to);
      const place = this.#begin ?? joined.placeOf(at);
      const isFresh = this.#builder.isEmpty && this.#builder.style === this.#style;
      if (isFresh && (isPlain || !hasControl(line))) lines.push(this.#plainLine(line, place));
      else {
        this.#begin = place;
        this.#builder.write(line);
        lines.push(this.#leave(false));
      }
      this.#begin = undefined;
      from = to + 1;
      at = end + 1;
    }
  }

  #decode(bytes: Uint8Array, from: number, to: number): string {
    return this.#decoder.decode(bytes.subarray(from, to), { stream: true });
  }

  #leave(isCut: boolean): TextLine {
    const begin = this.#begin ?? { position: 0, offset: 0, time: 0 };
    this.#begin = undefined;
    const line = this.#createLine(begin, this.#builder.take({ isWhole: !isCut }), isCut);
    this.#style = this.#builder.style;
    return line;
  }

  /** As if it had gone through the builder, which would have had nothing to do. */
  #plainLine(text: string, { position, offset, time }: BytePlace): TextLine {
    const style = this.#style;
    const runs = looksPlain(style) || text === "" ? undefined : [{ text, style }];
    return { position, offset, time, text, runs, isCut: false, style };
  }

  #createLine(
    { position, offset, time }: BytePlace,
    runs: readonly TextRun[],
    isCut: boolean,
  ): TextLine {
    const begin = this.#style;
    const isOpen = begin.unknown !== undefined;
    const isPlain = runs.every(
      ({ style }) => looksPlain(style) && (!isOpen || isSameStyle(style, begin)),
    );
    const text = runs.length === 1 ? (runs[0]?.text ?? "") : runs.map((run) => run.text).join("");
    const shown = isPlain ? undefined : [...runs];
    return { position, offset, time, text, runs: shown, isCut, style: begin };
  }
}

/** Before a character that begins at the end of the piece: a place is never within one. */
function pieceEnd(bytes: Uint8Array, at: number): number {
  let end = Math.min(bytes.length, at + lineLengthMax);
  if (end === bytes.length) return end;
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end--;
  return end;
}
