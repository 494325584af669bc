import type { Notice } from "../notices.ts";
import { continueRuns, type TextRun } from "./text-run.ts";
import { continueStyle, looksPlain, plainStyle, type TextStyle } from "./text-style.ts";

/** A place between two bytes of a channel: before the byte `offset` of the entry at `position`. */
export interface TextPlace {
  readonly position: number;
  readonly offset: number;
}

export interface TextLine extends TextPlace {
  readonly text: string;
  /** Undefined where all of it is plain, or as unknown as its beginning. */
  readonly runs: readonly TextRun[] | undefined;
  /** It goes on in the next one: a line that is too long for one. */
  readonly isCut: boolean;
  /** With which it begins, to read it again. */
  readonly style: TextStyle;
  /** Of its first entry, in milliseconds since 1970. */
  readonly time: number;
  /** Not of the channel's text: what is to be said in this place. */
  readonly notice?: Notice["kind"];
}

export function comparePlaces(a: TextPlace, b: TextPlace): number {
  return a.position - b.position || a.offset - b.offset;
}

/** As it looks behind text that ends in a style; the line itself where that makes no difference. */
export function continueLine(line: TextLine, before: TextStyle): TextLine {
  const isOpen = line.style.unknown?.some((name) => before[name] !== undefined) === true;
  if (!isOpen) return line;
  const style = continueStyle(line.style, before);
  const runs = continueRuns(line.runs ?? [{ text: line.text, style: line.style }], before);
  return { ...line, style, runs: runs.every((run) => looksPlain(run.style)) ? undefined : runs };
}

/** A line of its own, that nothing of the channel goes into. */
export function noticeLine({ kind, text }: Notice, place: TextPlace, time: number): TextLine {
  const { position, offset } = place;
  const shared = { runs: undefined, isCut: false, style: plainStyle, notice: kind };
  return { position, offset, text, time, ...shared };
}
