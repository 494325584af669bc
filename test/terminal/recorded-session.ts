import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TerminalSize } from "../../src/protocol/terminal-entries.ts";
import type { ScreenStep } from "./screen-copy.ts";

const folder = join(import.meta.dirname, "fixtures");
const suffix = ".cast";

/** What a real program wrote to its terminal, and the sizes that it had: see record-sessions.mjs. */
export interface RecordedSession {
  readonly name: string;
  readonly size: TerminalSize;
  /** As the terminal was read. */
  readonly steps: readonly ScreenStep[];
}

export function readRecordedSessions(): readonly RecordedSession[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(suffix));
  return names.map((name) => parseSession(name.slice(0, -suffix.length), readLines(name)));
}

function readLines(name: string): unknown[] {
  const text = readFileSync(join(folder, name), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

function parseSession(name: string, [header, ...events]: readonly unknown[]): RecordedSession {
  const { width, height } = header as { readonly width: number; readonly height: number };
  const steps = events.map((event) => {
    const [, code, data] = event as [seconds: number, code: "o" | "r", data: string];
    if (code === "o") return data;
    const [columns, rows] = data.split("x").map(Number) as [number, number];
    return { columns, rows };
  });
  return { name, size: { columns: width, rows: height }, steps };
}
