import { rowText, type RowPart } from "./screen-rows.ts";
import type { Screen } from "./screen.ts";

/** A row for a line that is empty: the blanks at its end are there already. */
export function shownRow(screen: Screen, row: number, part: RowPart): string {
  // The text ends with default attributes: blanks that look otherwise have something behind them.
  return rowText(screen, row, part).trimEnd();
}
