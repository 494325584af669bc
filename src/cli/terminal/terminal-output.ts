import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { terminalSideMax, type TerminalSize } from "../../protocol/terminal-entries.ts";
import type { TerminalStdout } from "../terminal.ts";

/**
 * A terminal to paint on. Node writes to a terminal on the thread that everything else waits for; one that
 * stands still must not hold up the rest. One write is under way at a time, and `drain` follows each.
 */
export function openTerminalOutput(stdout: TerminalStdout): Writable {
  const { fd } = stdout;
  if (fd === undefined) return stdout;
  const output = createWriteStream("", { fd, autoClose: false, highWaterMark: 1 });
  // A terminal that is gone: its end is told by a signal.
  output.on("error", () => undefined);
  return output;
}

/** Of a terminal that nobody has told the size of. */
export const defaultTerminalSize: TerminalSize = { columns: 80, rows: 24 };

/** Undefined for what is no terminal, or one that does not know its size. */
export function terminalSize({ columns, rows }: TerminalStdout): TerminalSize | undefined {
  if (columns === undefined || rows === undefined || columns < 1 || rows < 1) return undefined;
  return { columns: Math.min(columns, terminalSideMax), rows: Math.min(rows, terminalSideMax) };
}
