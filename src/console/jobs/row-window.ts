/** Rows that are drawn beyond what is seen, so that a scrolled list is never empty at its edge. */
const overscan = 8;

export interface Viewport {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
}

/** Indices from `start` to before `end`. */
export interface RowWindow {
  readonly start: number;
  readonly end: number;
}

/** The rows to draw. */
export function rowWindow({ top, height, rowHeight, count }: Viewport): RowWindow {
  const first = Math.floor(top / rowHeight) - overscan;
  const end = Math.ceil((top + height) / rowHeight) + overscan;
  return { start: clamp(first, 0, count), end: clamp(end, 0, count) };
}

/** Where the list has to scroll to so that a row is in view as a whole; where it is if it is already. */
export function scrollToRow(index: number, { top, height, rowHeight }: Viewport): number {
  const rowTop = index * rowHeight;
  if (rowTop < top) return rowTop;
  return Math.max(top, rowTop + rowHeight - height);
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
