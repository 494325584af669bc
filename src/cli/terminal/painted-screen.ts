import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import { fitText } from "../terminal-text.ts";
import { modesText } from "./modes-text.ts";
import { cursor, readModes, type TerminalModes } from "./screen-modes.ts";
import type { Screen } from "./screen.ts";
import { shownRow } from "./shown-row.ts";
import { followCursor, type Cell } from "./viewport.ts";

const beginFrame = "\x1b[?2026h";
const endFrame = "\x1b[?2026l";
const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";
const defaultAttributes = "\x1b[m";

/**
 * What a terminal, perhaps of another size than the screen, shows of it: knows what is there already and
 * gives what is to be written for the rest. The terminal must be in its alternate screen, without autowrap.
 */
export class PaintedScreen {
  #size: TerminalSize;
  /** Of the terminal; undefined where anything may be. */
  #rows: readonly string[] | undefined;
  #modes: TerminalModes | undefined;
  #origin: Cell = { column: 0, row: 0 };
  #cursor: Cell | undefined;
  /** Covers the last row. */
  note: string | undefined;

  constructor(size: TerminalSize) {
    this.#size = size;
  }

  /** The cell of the screen that is in the upper left corner. */
  get origin(): Cell {
    return this.#origin;
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.forget();
  }

  /** Something else may have been written: all is painted again. */
  forget(): void {
    this.#rows = undefined;
    this.#modes = undefined;
    this.#cursor = undefined;
  }

  /** What makes the terminal show the screen as it is now; empty if it does. */
  changes(screen: Screen): string {
    const position = cursor(screen);
    this.#origin = followCursor(this.#origin, position, screen, this.#size);
    const rows = this.#rowsOf(screen);
    const modes = readModes(screen);
    const place = relative(position, this.#origin);
    const painted = this.#rowChanges(rows);
    const changedModes = modesText(this.#modes, modes);
    const isMoved = place.column !== this.#cursor?.column || place.row !== this.#cursor.row;
    if (painted === "" && changedModes === "" && !isMoved) return "";
    // Else it is seen to jump about.
    const isHidden = painted !== "" && this.#modes?.cursorHidden === false;
    this.#rows = rows;
    this.#modes = modes;
    this.#cursor = place;
    return [
      beginFrame,
      isHidden ? hideCursor : "",
      painted,
      changedModes,
      moveTo(place),
      isHidden && !modes.cursorHidden ? showCursor : "",
      endFrame,
    ].join("");
  }

  #rowsOf(screen: Screen): string[] {
    const { columns, rows } = this.#size;
    const { column, row } = this.#origin;
    const width = Math.min(columns, screen.columns);
    const texts = Array.from({ length: rows }, (_, at) =>
      at + row < screen.rows ? shownRow(screen, at + row, { from: column, width }) : "",
    );
    if (this.note !== undefined) texts[rows - 1] = noteText(this.note, columns);
    return texts;
  }

  #rowChanges(rows: readonly string[]): string {
    const known = this.#rows;
    const clear = known === undefined ? `${defaultAttributes}\x1b[2J` : "";
    return (
      clear +
      rows
        .map((text, row) => {
          if (text === (known === undefined ? "" : known[row])) return "";
          // Before the text: behind a row that is full the last cell would be erased.
          return `${moveTo({ column: 0, row })}${known === undefined ? "" : "\x1b[K"}${text}`;
        })
        .join("")
    );
  }
}

function noteText(note: string, columns: number): string {
  return `\x1b[7m${fitText(` ${note} `, columns).padEnd(columns)}${defaultAttributes}`;
}

function moveTo({ column, row }: Cell): string {
  return `\x1b[${row + 1};${column + 1}H`;
}

function relative(cell: Cell, origin: Cell): Cell {
  return { column: cell.column - origin.column, row: cell.row - origin.row };
}
