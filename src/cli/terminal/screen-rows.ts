import { defaultAttributes } from "./cell-attributes.ts";
import { Pen } from "./pen.ts";
import type { Screen } from "./screen.ts";
import { Cell, lineOf, type Line } from "./terminal-insides.ts";

/** Which columns of a row, and where they are shown. */
export interface RowPart {
  /** First column, from 0. */
  readonly from: number;
  readonly width: number;
  /** Column of the other terminal where the text is written, from 0. Default: 0. */
  readonly at?: number;
}

// Terminals do not agree how wide these are, nor whether they become one with their neighbours.
const ofUncertainWidth =
  /[^\u0020-\u02ff\u0370-\u04ff\u2010-\u203a\u2500-\u259f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]/u;

/**
 * Cells of a row for the eyes: from default attributes to default attributes, exactly as wide as
 * the part (cells right of the screen are blank). Half of a wide character at an edge is blank.
 * After what may be of another width elsewhere, the cursor is set to its column.
 */
export function rowText(screen: Screen, row: number, { from, width, at = 0 }: RowPart): string {
  const active = screen.insides._bufferService.buffers.active;
  const line = lineOf(active, row);
  const cell = new Cell();
  const pen = new Pen();
  const end = from + width;
  let text = "";
  for (let column = from; column < end;) {
    const chars = charsAt(line, column, end, cell);
    const columns = chars === undefined ? 1 : cell.width;
    text += pen.take(column < line.length ? cell.load(line, column) : defaultAttributes);
    text += chars ?? " ";
    column += columns;
    const isUncertain = chars !== undefined && ofUncertainWidth.test(chars);
    if (isUncertain && column < end) text += `\u001b[${at + column - from + 1}G`;
  }
  return text + pen.take(defaultAttributes);
}

/** Undefined for what is shown as a blank. */
function charsAt(line: Line, column: number, end: number, cell: Cell): string | undefined {
  if (column >= line.length) return undefined;
  cell.load(line, column);
  const chars = cell.chars;
  const width = cell.width;
  return chars === "" || width === 0 || column + width > end ? undefined : chars;
}
