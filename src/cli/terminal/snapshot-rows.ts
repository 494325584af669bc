import { backgroundOf, defaultAttributes, isErased } from "./cell-attributes.ts";
import type { Pen } from "./pen.ts";
import { Cell, lineOf, type Line, type ScreenBuffer } from "./terminal-insides.ts";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const wideBlank = "\u3000";

/**
 * Text that writes the rows of a buffer into an empty one of the same size, in a terminal with
 * modes as they are at first. The cursor is somewhere after it.
 */
export function bufferRowsText(buffer: ScreenBuffer, size: Size, pen: Pen): string {
  const touched = new Set<number>();
  let text = wrapsText(buffer, size, touched);
  for (let row = 0; row < size.rows; row++)
    text += new RowWriter(lineOf(buffer, row), pen).text(row, touched.has(row));
  return text;
}

/** Only a character that found no room makes the next row the continuation of its own. */
function wrapsText(buffer: ScreenBuffer, { columns, rows }: Size, touched: Set<number>): string {
  let text = "";
  if (lineOf(buffer, 0).isWrapped) {
    // The row that it continues is gone. With one row, writing the second character scrolls.
    text += `${position(0, columns - 1)}xx${rows > 1 ? "\u001b[S" : ""}`;
    touched.add(0);
  }
  for (let row = 1; row < rows; row++) {
    if (!lineOf(buffer, row).isWrapped) continue;
    text += `${position(row - 1, columns - 1)}xx`;
    touched.add(row - 1).add(row);
  }
  return text;
}

class RowWriter {
  readonly #line: Line;
  readonly #cell = new Cell();
  readonly #pen: Pen;
  readonly #columns: number;
  /** Where the next character would go; −1 for in another row. */
  #at = -1;
  #row = 0;
  /** Last one of a row of nothing but odd cells: what moves the others into place needs one. It keeps its background. */
  #lostColumn = -1;
  #text = "";

  constructor(line: Line, pen: Pen) {
    this.#line = line;
    this.#pen = pen;
    this.#columns = line.length;
  }

  /** `isTouched`: the row is not empty now. */
  text(row: number, isTouched: boolean): string {
    this.#row = row;
    const hasOdd = this.#writeOddCells();
    for (let column = 0; column < this.#columns;) column = this.#write(column, isTouched || hasOdd);
    return this.#text;
  }

  /** Returns the next column. */
  #write(column: number, isTouched: boolean): number {
    const cell = this.#load(column);
    const chars = cell.chars;
    if (chars !== "") {
      this.#goTo(column);
      // A mark by itself must not join what stands before it.
      const lone = cell.width === 0 ? `\u001b[${column + 1}G` : "";
      this.#text += this.#pen.take(cell) + lone + chars;
      this.#at = column + Math.max(1, cell.width);
      return this.#at;
    }
    if (!isErased(cell) && column !== this.#lostColumn) return column + 1;
    const bg = backgroundOf(cell);
    let end = column + 1;
    while (end < this.#columns && this.#isErasedTo(end, bg)) end++;
    if (bg === 0 && !isTouched) return end;
    this.#goTo(column);
    this.#text += `${this.#pen.take({ ...defaultAttributes, bg })}\u001b[${end - column}X`;
    return end;
  }

  /**
   * Empty cells with more than a background are left where half of a wide character was written
   * over, and are made the same way: first, as other cells suffer.
   */
  #writeOddCells(): boolean {
    let run = 0;
    while (run < this.#columns && this.#isOdd(run)) run++;
    if (run === this.#columns) this.#lostColumn = --run;
    // At the left edge: made beside it, and moved there.
    for (let column = run - 1; column >= 0; column--) {
      this.#goTo(0);
      this.#text += `${this.#pen.take(defaultAttributes)}\u001b[4h${wideBlank}\u001b[4l\u001b[G`;
      this.#text += `${this.#pen.take(this.#load(column))}x\u001b[G`;
      this.#text += `${this.#pen.take(defaultAttributes)}\u001b[P`;
      this.#at = 0;
    }
    let hasOdd = run > 0;
    for (let column = this.#columns - 1; column > run; column--) {
      if (!this.#isOdd(column)) continue;
      hasOdd = true;
      this.#goTo(column - 1);
      this.#text += `${this.#pen.take(defaultAttributes)}${wideBlank}\u001b[${column}G`;
      this.#text += `${this.#pen.take(this.#load(column))}x`;
      this.#at = column;
    }
    return hasOdd;
  }

  #isOdd(column: number): boolean {
    const cell = this.#load(column);
    if (cell.chars !== "" || isErased(cell)) return false;
    // Not the second half of a wide character.
    return column === 0 || cell.width !== 0 || this.#line.getWidth(column - 1) !== 2;
  }

  #isErasedTo(column: number, bg: number): boolean {
    const cell = this.#load(column);
    return cell.chars === "" && isErased(cell) && cell.bg === bg && cell.width === 1;
  }

  #load(column: number): Cell {
    return this.#cell.load(this.#line, column);
  }

  #goTo(column: number): void {
    if (this.#at === column) return;
    this.#text += this.#at < 0 ? position(this.#row, column) : `\u001b[${column + 1}G`;
    this.#at = column;
  }
}

/** From 0, as the terminal counts. */
export function position(row: number, column: number): string {
  return `\u001b[${row + 1};${column + 1}H`;
}
