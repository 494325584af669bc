import type { TerminalSize } from "../../protocol/terminal-entries.ts";

/** A cell of a screen, both counted from 0. */
export interface Cell {
  readonly column: number;
  readonly row: number;
}

/**
 * The cell of a screen that stands in the upper left corner of a terminal that may be smaller: the cursor is
 * in sight, with the beginning of its row where that fits, and otherwise nothing moves that need not.
 */
export function followCursor(
  origin: Cell,
  cursor: Cell,
  screen: TerminalSize,
  shown: TerminalSize,
): Cell {
  const { column } = origin;
  return {
    column:
      cursor.column < shown.columns
        ? 0
        : follow(column, cursor.column, screen.columns, shown.columns),
    row: follow(origin.row, cursor.row, screen.rows, shown.rows),
  };
}

function follow(begin: number, cursor: number, length: number, shown: number): number {
  const last = Math.max(0, length - shown);
  const inSight = Math.min(Math.max(begin, cursor - shown + 1), cursor);
  return Math.min(Math.max(0, inSight), last);
}
