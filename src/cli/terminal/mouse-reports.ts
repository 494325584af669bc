import type { TerminalSize } from "../../protocol/index.ts";
import type { Cell } from "./viewport.ts";

/** What is shown where: the cell of the screen in the upper left corner here, and how large the screen is. */
export interface ShownPart {
  readonly origin: Cell;
  readonly screen: TerminalSize;
}

const escape = "\x1b";
// The encoding that programs ask for nowadays; places in older ones are left as they are here.
const report = new RegExp(String.raw`${escape}\[<(\d+);(\d+);(\d+)([Mm])`, "g");

/** Input with the places of the mouse on the program's screen; what happens beside that is not for the program. */
export function translateMouse(typed: Uint8Array, { origin, screen }: ShownPart): Uint8Array {
  // Each byte is a character, whatever the bytes mean.
  const text = Buffer.from(typed).toString("latin1");
  if (!text.includes(`${escape}[<`)) return typed;
  const translated = text.replace(
    report,
    (_, button: string, x: string, y: string, end: string) => {
      const column = Number(x) + origin.column;
      const row = Number(y) + origin.row;
      if (column > screen.columns || row > screen.rows) return "";
      return `${escape}[<${button};${column};${row}${end}`;
    },
  );
  return Buffer.from(translated, "latin1");
}
