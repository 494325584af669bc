import type { Channel, ChannelEntry } from "../../../client/index.ts";
import { noticeOf } from "../notices.ts";
import { LineCutter, lineLengthMax } from "./line-cutter.ts";
import type { TextBytes } from "./text-bytes.ts";
import { createFindForm, isFoundIn } from "./text-finder.ts";
import type { TextLine, TextPlace } from "./text-line.ts";
import { plainStyle, unknownStyle } from "./text-style.ts";
import { Turns } from "./turns.ts";

export interface FindOptions {
  readonly query: string;
  readonly signal: AbortSignal;
  /** Which part of what there is has been looked at, up to 1. */
  readonly onProgress: (part: number) => void;
}

/** Positions of the oldest and of the newest entry to look at. */
export interface FindRange {
  readonly first: number;
  readonly last: number;
}

/** Entries that are looked at from their first to their last, on the way back. */
const pageEntries = 10_000;
const lineFeed = 0x0a;

/** The last line with the text that begins before a place. Reads page by page, and keeps nothing of them. */
export async function findBefore(
  channel: Channel,
  { first }: FindRange,
  end: TextPlace,
  { query, signal, onProgress }: FindOptions,
): Promise<TextLine | undefined> {
  let to = end;
  /** The first line behind the page, which may have begun in it. */
  let rest: readonly TextBytes[] = [];
  while (!signal.aborted) {
    const last = to.offset > 0 ? to.position : to.position - 1;
    if (last < first) return undefined;
    const position = Math.max(first, last - pageEntries + 1);
    const search = new LineSearch(query, position === first ? "known" : "unknown");
    for await (const parts of readParts(channel, { position, offset: 0 }, to, signal))
      search.write(parts);
    search.write(rest);
    search.finish();
    if (search.lastFound !== undefined) return search.lastFound;
    onProgress((end.position - position) / (end.position - first + 1));
    rest = search.head;
    to = { position, offset: 0 };
  }
  return undefined;
}

/** The first line with the text from a place on, at which a line begins. */
export async function findAfter(
  channel: Channel,
  { last }: FindRange,
  begin: TextPlace,
  { query, signal, onProgress }: FindOptions,
): Promise<TextLine | undefined> {
  const search = new LineSearch(query, "known");
  const end = { position: last + 1, offset: 0 };
  for await (const parts of readParts(channel, begin, end, signal)) {
    search.write(parts);
    if (search.firstFound !== undefined) return search.firstFound;
    const { position } = parts.at(-1) ?? begin;
    onProgress((position - begin.position) / (end.position - begin.position));
  }
  search.finish();
  return search.firstFound;
}

/** The bytes from one place to before another, as they come; none in the place of what ends a line. */
async function* readParts(
  channel: Channel,
  begin: TextPlace,
  end: TextPlace,
  signal: AbortSignal,
): AsyncGenerator<readonly TextBytes[], void, undefined> {
  const last = end.offset > 0 ? end.position : end.position - 1;
  if (begin.position > last) return;
  const turns = new Turns();
  try {
    for await (const entries of channel.entries({ after: begin.position - 1, signal }).batches()) {
      let parts: TextBytes[] = [];
      for (const entry of entries) {
        if (entry.position > last) break;
        if (noticeOf(entry) !== undefined) {
          yield parts;
          yield [];
          parts = [];
        } else if (entry.type === "data") parts.push(partOf(entry, begin, end));
      }
      if (parts.length > 0) yield parts;
      if ((entries.at(-1)?.position ?? 0) >= last || signal.aborted) return;
      if (turns.isOver) await turns.next();
    }
  } finally {
    turns.dispose();
  }
}

function partOf(entry: ChannelEntry, begin: TextPlace, end: TextPlace): TextBytes {
  const { position, timestamp: time, payload } = entry;
  const offset = position === begin.position ? begin.offset : 0;
  const to = position === end.position ? end.offset : payload.length;
  return { position, offset, time, bytes: payload.subarray(offset, to) };
}

/** Lines, of which only the first and the last are kept that have the text. */
class LineSearch {
  firstFound: TextLine | undefined;
  lastFound: TextLine | undefined;
  /** The first bytes: those of a line that may have begun before them. */
  readonly head: TextBytes[] = [];
  readonly #form: RegExp;
  readonly #cutter: LineCutter;
  #isHeadWhole = false;
  /** What has begun before is looked at there. */
  #skipsLine: boolean;

  constructor(query: string, beginning: "known" | "unknown") {
    const isKnown = beginning === "known";
    this.#form = createFindForm(query);
    this.#cutter = new LineCutter(isKnown ? plainStyle : unknownStyle);
    this.#skipsLine = !isKnown;
  }

  write(parts: readonly TextBytes[]): void {
    if (parts.length === 0) return this.finish();
    for (const part of parts) this.#keepHead(part);
    for (const line of this.#cutter.write(parts)) this.#look(line);
  }

  finish(): void {
    const { unfinished } = this.#cutter;
    if (unfinished === undefined) return;
    this.#cutter.finish();
    this.#look(unfinished);
  }

  #look(line: TextLine): void {
    const isSkipped = this.#skipsLine;
    this.#skipsLine = false;
    if (isSkipped || !isFoundIn(line, this.#form)) return;
    this.firstFound ??= line;
    this.lastFound = line;
  }

  #keepHead(part: TextBytes): void {
    if (this.#isHeadWhole) return;
    const kept = this.head.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const bytes = part.bytes.subarray(0, lineLengthMax - kept);
    const end = bytes.indexOf(lineFeed);
    this.head.push({ ...part, bytes: end < 0 ? bytes : bytes.subarray(0, end) });
    this.#isHeadWhole = end >= 0 || kept + bytes.length >= lineLengthMax;
  }
}
