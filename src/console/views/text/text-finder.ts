import type { TextLine } from "./text-line.ts";
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

/** Finds a text as it stands, but for upper and lower case. */
export function createFindForm(query: string): RegExp {
  return new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
}

/** Whether it stands in the line. */
export function isFoundIn({ notice, text }: TextLine, form: RegExp): boolean {
  form.lastIndex = 0;
  return notice === undefined && form.test(text);
}

/** Every place of a text in the lines that are there. Looks only at those that have come since the last time. */
export class TextFinder {
  readonly query: string;
  readonly #window: TextWindow;
  readonly #form: RegExp;
  #matches: readonly TextMatch[] = [];
  /** Numbers of the lines that were looked at, from the first to before the second. */
  #from = 0;
  #to = 0;
  #generation = -1;

  constructor(window: TextWindow, query: string) {
    this.#window = window;
    this.query = query;
    this.#form = createFindForm(query);
  }

  /** In their order; the same object where nothing is different. */
  update(): readonly TextMatch[] {
    const { firstNumber, count, generation } = this.#window;
    if (this.query === "") return this.#matches;
    const end = firstNumber + count;
    const from = Math.max(this.#from, firstNumber);
    const to = Math.min(this.#to, end - 1);
    const isNew = generation !== this.#generation || from >= to;
    this.#generation = generation;
    this.#from = firstNumber;
    if (isNew) this.#matches = this.#look(firstNumber, end, matchesMax);
    else {
      const kept = matchesBetween(this.#matches, from, to);
      const before = this.#look(firstNumber, from, matchesMax - kept.length);
      const behind = this.#look(to, end, matchesMax - kept.length - before.length);
      const isSame = kept.length === this.#matches.length && before.length + behind.length === 0;
      if (!isSame) this.#matches = [...before, ...kept, ...behind];
    }
    // What is under way may still become another line.
    this.#to = Math.min(this.#to, end - 1);
    return this.#matches;
  }

  /** In the lines of these numbers, as far as there is room for more. */
  #look(from: number, to: number, max: number): TextMatch[] {
    const matches: TextMatch[] = [];
    let number = from;
    for (; number < to && matches.length < max; number++) {
      const line = this.#window.line(number - this.#window.firstNumber);
      if (line === undefined || line.notice !== undefined) continue;
      for (const { 0: found, index } of line.text.matchAll(this.#form)) {
        matches.push({ number, from: index, to: index + found.length });
        if (matches.length >= max) break;
      }
    }
    this.#to = number;
    return matches;
  }
}

/** Those in the lines from one number to before another. */
export function matchesBetween(
  matches: readonly TextMatch[],
  from: number,
  to: number,
): readonly TextMatch[] {
  return matches.slice(indexFrom(matches, from), indexFrom(matches, to));
}

function indexFrom(matches: readonly TextMatch[], number: number): number {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((matches[middle]?.number ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
