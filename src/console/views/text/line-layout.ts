import type { LineRows } from "./line-rows.ts";
import type { TextWindow } from "./text-window.ts";

/** Where the lines of a window stand, in rows from its top. */
export interface LineLayout {
  readonly count: number;
  /** Of all lines. */
  readonly rows: number;
  /** Row at which the line at an index begins. */
  rowOf(index: number): number;
  /** Index of the line at a row. */
  indexAt(row: number): number;
}

/** Each line is one row, however long it is. */
export function layOutUnwrapped({ count }: TextWindow): LineLayout {
  return {
    count,
    rows: count,
    rowOf: (index) => index,
    indexAt: (row) => Math.min(Math.max(0, Math.floor(row)), Math.max(0, count - 1)),
  };
}

export function layOutWrapped(window: TextWindow, lineRows: LineRows): LineLayout {
  const { count } = window;
  const begins = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) {
    const line = window.line(index);
    begins[index + 1] = (begins[index] ?? 0) + (line === undefined ? 1 : lineRows.of(line));
  }
  const rowOf = (index: number): number => begins[Math.min(index, count)] ?? 0;
  const indexAt = (row: number): number => {
    let low = 0;
    let high = Math.max(0, count - 1);
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((begins[middle] ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return { count, rows: rowOf(count), rowOf, indexAt };
}
