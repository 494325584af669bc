import type { TextLine } from "./text-line.ts";

const tabWidth = 8;
const asciiForm = /^[\x20-\x7e]*$/;
const wideForm =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const zeroForm = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Cells of a line in a font of one width. */
export function cellsOf(text: string): number {
  if (asciiForm.test(text)) return text.length;
  let cells = 0;
  for (const character of text)
    if (character === "\t") cells += tabWidth - (cells % tabWidth);
    else if (wideForm.test(character)) cells += 2;
    else if (!zeroForm.test(character)) cells += 1;
  return cells;
}

/**
 * How many rows lines take that are wrapped at a width. Where the page has drawn a line with another number, as
 * its fonts have their own idea of how wide a character is, that one counts.
 */
export class LineRows {
  readonly columns: number;
  readonly #rows = new WeakMap<TextLine, number>();

  constructor(columns: number) {
    this.columns = Math.max(1, columns);
  }

  of(line: TextLine): number {
    const known = this.#rows.get(line);
    if (known !== undefined) return known;
    const rows = Math.max(1, Math.ceil(cellsOf(line.text) / this.columns));
    this.#rows.set(line, rows);
    return rows;
  }

  /** True where that is another number than before. */
  correct(line: TextLine, rows: number): boolean {
    if (rows < 1 || this.of(line) === rows) return false;
    this.#rows.set(line, rows);
    return true;
  }
}
