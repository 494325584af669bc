import { continueStyle, isSameStyle, type TextStyle } from "./text-style.ts";

/** Characters that look alike. */
export interface TextRun {
  readonly text: string;
  readonly style: TextStyle;
}

/** Runs from one character to another, counted in UTF-16 units. */
export function sliceRuns(runs: readonly TextRun[], from: number, to = Infinity): TextRun[] {
  const sliced: TextRun[] = [];
  let begin = 0;
  for (const { text, style } of runs) {
    const piece = text.slice(Math.max(0, from - begin), Math.max(0, to - begin));
    if (piece !== "") appendRun(sliced, piece, style);
    begin += text.length;
  }
  return sliced;
}

/** As they look behind text that ends in a style. */
export function continueRuns(runs: readonly TextRun[], before: TextStyle): TextRun[] {
  return runs.map(({ text, style }) => ({ text, style: continueStyle(style, before) }));
}

/** Puts text at the end of runs that are the caller's own. */
export function appendRun(runs: TextRun[], text: string, style: TextStyle): void {
  const last = runs.at(-1);
  if (last !== undefined && isSameStyle(last.style, style))
    runs[runs.length - 1] = { text: last.text + text, style };
  else runs.push({ text, style });
}

/** What a terminal shows when text is written over other text. */
export function overwriteRuns(
  runs: readonly TextRun[],
  at: number,
  text: string,
  style: TextStyle,
): TextRun[] {
  const written = sliceRuns(runs, 0, at);
  const length = lengthOfRuns(written);
  if (length < at) appendRun(written, " ".repeat(at - length), {});
  appendRun(written, text, style);
  for (const rest of sliceRuns(runs, at + text.length)) appendRun(written, rest.text, rest.style);
  return written;
}

export function lengthOfRuns(runs: readonly TextRun[]): number {
  return runs.reduce((sum, { text }) => sum + text.length, 0);
}
