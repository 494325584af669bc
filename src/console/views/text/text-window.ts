import type { Notice } from "../notices.ts";
import { LineCutter } from "./line-cutter.ts";
import type { TextBytes } from "./text-bytes.ts";
import {
  comparePlaces,
  continueLine,
  noticeLine,
  type TextLine,
  type TextPlace,
} from "./text-line.ts";
import { looksPlain, plainStyle, type TextStyle } from "./text-style.ts";

export interface TextWindowLimits {
  readonly linesMax: number;
  readonly charactersMax: number;
}

const defaultLimits: TextWindowLimits = { linesMax: 20_000, charactersMax: 4 * 1024 * 1024 };

/** Lines are let go so many at once: each time moves all the others. */
const slackPart = 1 / 16;

/**
 * Consecutive lines of a channel, as many as fit into memory. Each has a number that stays the same while
 * others are put before it or let go.
 */
export class TextWindow {
  readonly limits: TextWindowLimits;
  #lines: TextLine[] = [];
  #generation = 0;
  #firstNumber = 0;
  #characters = 0;
  #cutter = new LineCutter();
  #end: TextPlace = { position: 0, offset: 0 };

  constructor(limits: TextWindowLimits = defaultLimits) {
    this.limits = limits;
  }

  /** The finished lines, and the one under way. */
  get count(): number {
    return this.#lines.length + (this.#cutter.unfinished === undefined ? 0 : 1);
  }

  /** Another number: other lines than before, which are counted anew. */
  get generation(): number {
    return this.#generation;
  }

  get firstNumber(): number {
    return this.#firstNumber;
  }

  /** Where its first line begins; undefined while there is none. */
  get start(): TextPlace | undefined {
    return this.#lines[0] ?? this.#cutter.unfinished;
  }

  /** Behind the last byte that it was given: where to read on. */
  get end(): TextPlace {
    return this.#end;
  }

  /** By its place in the window, from 0. */
  line(index: number): TextLine | undefined {
    return index === this.#lines.length ? this.#cutter.unfinished : this.#lines[index];
  }

  slice(from: number, to: number): TextLine[] {
    const lines = this.#lines.slice(from, to);
    const last = this.#cutter.unfinished;
    if (last !== undefined && from <= this.#lines.length && to > this.#lines.length)
      lines.push(last);
    return lines;
  }

  /** Characters of the lines from this one on. */
  charactersFrom(index: number): number {
    let characters = this.#cutter.unfinished?.text.length ?? 0;
    for (let i = index; i < this.#lines.length; i++) characters += this.#lines[i]?.text.length ?? 0;
    return characters;
  }

  append(parts: readonly TextBytes[]): void {
    const last = parts.at(-1);
    if (last === undefined) return;
    for (const line of this.#cutter.write(parts)) this.#push(line);
    this.#end = { position: last.position, offset: last.offset + last.bytes.length };
  }

  /** An entry without text. */
  pass(position: number): void {
    this.#end = { position, offset: 0 };
  }

  /** What there is of a line ends before it. */
  appendNotice(notice: Notice, place: TextPlace, time: number): void {
    if (this.#cutter.unfinished !== undefined) this.#push(this.#cutter.finish());
    this.#push(noticeLine(notice, place, time));
    this.#end = place;
  }

  /** What stands right before the first line, and the style that it ends in: what follows may go on in it. */
  prepend(lines: readonly TextLine[], endStyle: TextStyle): void {
    this.#continueFrom(endStyle);
    this.#lines = [...lines, ...this.#lines];
    this.#firstNumber -= lines.length;
    for (const { text } of lines) this.#characters += text.length;
  }

  /** Lets the first lines go until the rest fits. */
  trimStart(): void {
    if (!this.#isFull(1 + slackPart)) return;
    let dropped = 0;
    while (this.#isFull(1, dropped) && dropped < this.#lines.length) {
      this.#characters -= this.#lines[dropped]?.text.length ?? 0;
      dropped++;
    }
    this.#lines.splice(0, dropped);
    this.#firstNumber += dropped;
  }

  /** Lets the last lines go until the rest fits; true where that was needed. They can be read again from `end`. */
  trimEnd(): boolean {
    if (!this.#isFull(1)) return false;
    let kept = this.#lines.length;
    while (kept > 1 && this.#isFull(1, this.#lines.length - kept)) {
      kept--;
      this.#characters -= this.#lines[kept]?.text.length ?? 0;
    }
    const next = this.#lines[kept] ?? this.#cutter.unfinished;
    if (next === undefined) return false;
    this.#lines.length = kept;
    this.#cutter = new LineCutter(next.style);
    this.#end = { position: next.position, offset: next.offset };
    return true;
  }

  /** Begins anew, with text of this style. */
  clear(style: TextStyle = plainStyle): void {
    this.#generation += 1;
    this.#lines = [];
    this.#firstNumber = 0;
    this.#characters = 0;
    this.#cutter = new LineCutter(style);
    this.#end = { position: 0, offset: 0 };
  }

  /** Index of the line that holds a place, or of the next one. */
  indexOf(place: TextPlace): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const line = this.#lines[middle];
      if (line !== undefined && comparePlaces(line, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Up to the first line that says itself how it looks. */
  #continueFrom(style: TextStyle): void {
    if (looksPlain(style)) return;
    for (const [index, line] of this.#lines.entries()) {
      if (line.notice !== undefined) continue;
      const continued = continueLine(line, style);
      if (continued === line) return;
      this.#lines[index] = continued;
    }
    this.#cutter.continueFrom(style);
  }

  #push(line: TextLine): void {
    this.#lines.push(line);
    this.#characters += line.text.length;
  }

  #isFull(factor: number, dropped = 0): boolean {
    const { linesMax, charactersMax } = this.limits;
    const lines = this.#lines.length - dropped;
    return lines > linesMax * factor || this.#characters > charactersMax * factor;
  }
}
