import type { Clock } from "../../core/system.ts";
import { terminalSideMax, type TerminalSize } from "../../protocol/terminal-entries.ts";
import type { Viewer } from "./viewers.ts";

/** Which size a terminal has: the smallest of its viewers', that of who typed last, or always the same. */
export type SizePolicy = "smallest" | "typist" | TerminalSize;

/** Terminals narrower than this cannot show every character. */
const columnsMin = 2;

/** Undefined for a text that names none. */
export function parseSizePolicy(text: string): SizePolicy | undefined {
  if (text === "smallest" || text === "typist") return text;
  const [, columns = 0, rows = 0] = (/^(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  const isSize = columns >= columnsMin && rows >= 1 && Math.max(columns, rows) <= terminalSideMax;
  return isSize ? { columns, rows } : undefined;
}

/** Undefined where nobody says: it stays as it is. */
export function chooseSize(
  policy: SizePolicy,
  viewers: readonly Viewer[],
): TerminalSize | undefined {
  if (typeof policy === "object") return policy;
  const [first, ...others] = viewers;
  if (first === undefined) return undefined;
  if (policy === "typist") {
    const later = (a: Viewer, b: Viewer): Viewer => (b.typedAtMs > a.typedAtMs ? b : a);
    return others.reduce(later, first).size;
  }
  return {
    columns: Math.max(columnsMin, Math.min(...viewers.map(({ size }) => size.columns))),
    rows: Math.min(...viewers.map(({ size }) => size.rows)),
  };
}

/** While a window is pulled at, its size changes with each step, and programs paint anew each time. */
const resizeMsMin = 50;

/** Applies sizes: the first one at once, those that follow soon together, the last one always. */
export class SizeChanges {
  readonly #clock: Clock;
  readonly #apply: (size: TerminalSize) => void;
  #current: TerminalSize;
  #wanted: TerminalSize;
  #timer: { cancel(): void } | undefined;

  constructor(clock: Clock, current: TerminalSize, apply: (size: TerminalSize) => void) {
    this.#clock = clock;
    this.#current = current;
    this.#wanted = current;
    this.#apply = apply;
  }

  want(size: TerminalSize): void {
    this.#wanted = size;
    if (this.#timer === undefined) this.#change();
  }

  dispose(): void {
    this.#timer?.cancel();
  }

  #change(): void {
    const { columns, rows } = this.#wanted;
    if (columns === this.#current.columns && rows === this.#current.rows) return;
    this.#current = this.#wanted;
    this.#timer = this.#clock.after(resizeMsMin, () => {
      this.#timer = undefined;
      this.#change();
    });
    this.#apply(this.#current);
  }
}
