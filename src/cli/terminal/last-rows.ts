import type { Screen } from "./screen.ts";
import { shownRow } from "./shown-row.ts";

/** The rows of a screen down to the last that is not empty, as lines for a terminal of this width. */
export function lastRows(screen: Screen, columns: number): string {
  const width = Math.min(columns, screen.columns);
  const rows = Array.from({ length: screen.rows }, (_, row) =>
    shownRow(screen, row, { from: 0, width }),
  );
  const count = rows.findLastIndex((text) => text !== "") + 1;
  return rows
    .slice(0, count)
    .map((text) => `${text}\r\n`)
    .join("");
}
