import type { TextWindow } from "./text-window.ts";

/** A place in a line where what is looked for stands. */
export interface TextMatch {
  /** Of the line, which stays the same while others come and go. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** More than anybody goes through one by one. */
export const matchesMax = 10_000;

/** Every place of the text in the lines that are there, in their order; upper and lower case are the same. */
export function findText(window: TextWindow, query: string): TextMatch[] {
  const matches: TextMatch[] = [];
  if (query === "") return matches;
  const form = new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  for (let index = 0; index < window.count; index++) {
    const line = window.line(index);
    if (line === undefined || line.notice !== undefined) continue;
    for (const { 0: found, index: from } of line.text.matchAll(form)) {
      matches.push({ number: window.firstNumber + index, from, to: from + found.length });
      if (matches.length >= matchesMax) return matches;
    }
  }
  return matches;
}
