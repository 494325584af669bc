import type {
  Channel,
  ChannelEntry,
  ChannelView,
  EntriesOptions,
  ProcessHandle,
  ReaderItem,
  ReaderState,
} from "../../../client/index.ts";
import { gapNotice, noticeOf } from "../notices.ts";
import { loadOlder } from "./older-text.ts";
import { findAfter, findBefore, type FindOptions } from "./find-history.ts";
import { findTime } from "./find-time.ts";
import { skipToLine } from "./line-start.ts";
import type { TextBytes } from "./text-bytes.ts";
import type { TextLine, TextPlace } from "./text-line.ts";
import { unknownStyle } from "./text-style.ts";
import { TextWindow, type TextWindowLimits } from "./text-window.ts";
import { Turns } from "./turns.ts";

/** What is read at once where somebody looks: some screens full. */
const defaultPageBytes = 256 * 1024;
const partBytes = 64 * 1024;
const entriesMax = 2_000;

/** Of the lines that fit into the window, so many are put before the others at once. */
const olderPart = 1 / 4;

/** So much is read ahead of whoever looks at older lines. */
const linesAhead = 5_000;
const charactersAhead = 512 * 1024;
/** From so few lines on, what was let go at the end is read again. */
const linesBeforeEnd = 1_000;

export interface TextFeedOptions {
  readonly limits?: TextWindowLimits;
  readonly pageBytes?: number;
}

/** The part of the window that is seen. */
export interface SeenLines {
  /** Index of the first line behind it. */
  readonly end: number;
}

/**
 * A channel as lines: those around what is looked at, wherever that is. One reader goes forward, and waits
 * while there is enough below; what is above is read when somebody gets there.
 */
export class TextFeed {
  readonly window: TextWindow;
  /** Something is different from before. Often told: whoever draws does so once a frame. */
  onChange: () => void = () => undefined;
  readonly #live: Channel;
  readonly #history: Channel;
  readonly #pageBytes: number;
  readonly #unlisten: () => void;
  #state: ReaderState = { kind: "connecting" };
  #view: ChannelView | undefined;
  /** Ends what is done for the lines that are there, where others take their place. */
  #lines = new AbortController();
  #reading: AbortController | undefined;
  #generation = 0;
  #isFollowing = true;
  #isCutOff = false;
  /** The next bytes may begin within a line, of which nothing is shown. */
  #startsWithin = false;
  #skipped: TextPlace | undefined;
  #seen: SeenLines = { end: 0 };
  #isLoadingOlder = false;
  /** All that there is above the first line is no text. */
  #hasNothingOlder = false;
  #wakeUp: () => void = () => undefined;
  readonly #turns = new Turns();

  constructor(process: ProcessHandle, name: string, options: TextFeedOptions = {}) {
    const { limits, pageBytes = defaultPageBytes } = options;
    this.window = new TextWindow(limits);
    this.#pageBytes = pageBytes;
    // States are those of a channel's newest reader: the one of older lines has another.
    this.#live = process.channel(name);
    this.#history = process.channel(name);
    this.#unlisten = this.#live.onState((state) => {
      this.#state = state;
      this.onChange();
    });
  }

  get state(): ReaderState {
    if (!this.#isCutOff) return this.#state;
    // Nobody reads what was let go, until somebody comes near it again.
    return { kind: "behind", entries: Math.max(1, this.last - this.window.end.position) };
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** The last line is the last of the channel so far. */
  get isAtEnd(): boolean {
    return !this.#isCutOff && (this.#state.kind === "live" || this.#state.kind === "closed");
  }

  /** Another number: other lines than before, which are looked at from their beginning. */
  get generation(): number {
    return this.#generation;
  }

  get isLoadingOlder(): boolean {
    return this.#isLoadingOlder;
  }

  /** Position of the oldest entry that is kept; 1 before it is known. */
  get first(): number {
    return this.#view?.first ?? 1;
  }

  /** Of the newest entry that is known of. */
  get last(): number {
    const behind = this.#state.kind === "behind" ? this.#state.entries : 0;
    return Math.max(this.#view?.last ?? 0, this.window.end.position + behind);
  }

  get hasOlder(): boolean {
    const { start } = this.window;
    if (this.#hasNothingOlder) return false;
    return start !== undefined && (start.position > this.first || start.offset > 0);
  }

  /** Behind these lines, and not on its way to them by itself. */
  get hasNewer(): boolean {
    return !this.#isFollowing && this.last > this.window.end.position;
  }

  /** There is nothing in the channel besides these lines. */
  get isWhole(): boolean {
    return !this.hasOlder && this.last <= this.window.end.position;
  }

  /** Everything was read, and nothing was there. */
  get isEmpty(): boolean {
    return this.isAtEnd && this.window.count === 0;
  }

  /** Shows the end, and everything that comes. */
  async followEnd(): Promise<void> {
    this.#isFollowing = true;
    const isNear = this.#state.kind !== "behind" || this.#state.entries < entriesMax;
    if (this.#reading !== undefined && !this.#isCutOff && isNear) return this.#wake();
    const signal = this.#restart();
    const view = await this.#refresh(signal);
    if (signal.aborted) return;
    const count = view === undefined ? entriesMax : entriesOf(view, 2 * this.#pageBytes);
    if (view !== undefined && view.last - count >= view.first) this.#startWithin();
    void this.#read({ from: { last: count } }, signal);
  }

  /** Shows what is from a position on. */
  async jumpTo(position: number): Promise<void> {
    this.#isFollowing = false;
    const signal = this.#restart();
    await this.#refresh(signal);
    if (signal.aborted) return;
    this.#seen = { end: 0 };
    if (position > this.first) this.#startWithin();
    void this.#read({ after: Math.max(position, this.first) - 1 }, signal);
  }

  /** The nearest line with a text above the lines that are there, or below them. Undefined also where that was given up. */
  async find(way: "above" | "below", options: FindOptions): Promise<TextLine | undefined> {
    const { start, end } = this.window;
    try {
      const range = await this.#history.get();
      return way === "above"
        ? await findBefore(this.#history, range, start ?? end, options)
        : await findAfter(this.#history, range, end, options);
    } catch {
      // As there.
      return undefined;
    }
  }

  /** Shows what is from a line on. */
  async jumpToLine({ position, offset, style }: TextLine): Promise<void> {
    this.#isFollowing = false;
    const signal = this.#restart();
    await this.#refresh(signal);
    if (signal.aborted) return;
    this.#seen = { end: 0 };
    this.window.clear(style);
    this.#skipped = { position, offset };
    void this.#read({ after: position - 1 }, signal);
  }

  /** Shows what was written from a time on. */
  async jumpToTime(timeMs: number): Promise<void> {
    this.#isFollowing = false;
    const { signal } = this.#lines;
    try {
      const { first, last } = await this.#history.get();
      const position = await findTime(this.#history, { first, last }, timeMs, signal);
      if (!signal.aborted) await this.jumpTo(position);
    } catch {
      // What went wrong with this reader goes wrong with the other, whose state is shown.
    }
  }

  /** What comes is read, but does not move what is seen. */
  stopFollowing(): void {
    this.#isFollowing = false;
  }

  /** Goes on reading where the end of the window comes near. */
  show(seen: SeenLines): void {
    this.#seen = seen;
    if (this.#isCutOff && this.window.count - seen.end < linesBeforeEnd) this.#readOn();
    this.#wake();
  }

  /** Puts the lines that stand above the first one there. */
  async loadOlder(): Promise<void> {
    const { start } = this.window;
    if (start === undefined || !this.hasOlder || this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    this.onChange();
    const { signal } = this.#lines;
    try {
      const view = this.#view ?? (await this.#refresh());
      const entries = view === undefined ? 1 : entriesOf(view, this.#pageBytes);
      const range = { first: this.first, end: start, entries, bytesMax: 2 * this.#pageBytes };
      const { lines, endStyle } = await loadOlder(this.#history, range, signal);
      if (signal.aborted) return;
      this.#hasNothingOlder = lines.length === 0;
      // More would let go what is looked at, which stands right behind them.
      const { linesMax } = this.window.limits;
      this.window.prepend(lines.slice(-Math.ceil(linesMax * olderPart)), endStyle);
      if (!this.window.trimEnd()) return;
      this.#reading?.abort();
      this.#isCutOff = true;
    } catch {
      // What went wrong with this reader goes wrong with the other, whose state is shown.
      this.#hasNothingOlder = true;
    } finally {
      this.#isLoadingOlder = false;
      this.onChange();
    }
  }

  close(): void {
    this.#reading?.abort();
    this.#lines.abort();
    this.#unlisten();
    this.#turns.dispose();
    this.onChange = () => undefined;
    this.#wake();
  }

  #restart(): AbortSignal {
    this.#reading?.abort();
    this.#lines.abort();
    this.#lines = new AbortController();
    this.#reading = new AbortController();
    this.window.clear();
    this.#generation++;
    this.#isCutOff = false;
    this.#skipped = undefined;
    this.#startsWithin = false;
    this.#hasNothingOlder = false;
    this.onChange();
    return this.#reading.signal;
  }

  /** What stands before the next bytes is not known. */
  #startWithin(): void {
    this.#startsWithin = true;
    this.window.clear(unknownStyle);
  }

  /** From where the window ends now. */
  #readOn(): void {
    this.#isCutOff = false;
    this.#reading = new AbortController();
    this.#skipped = this.window.end;
    void this.#read({ after: Math.max(0, this.window.end.position - 1) }, this.#reading.signal);
  }

  async #refresh(signal?: AbortSignal): Promise<ChannelView | undefined> {
    try {
      const view = await this.#live.get();
      if (signal?.aborted !== true) this.#view = view;
      return view;
    } catch {
      return undefined;
    }
  }

  async #read(options: EntriesOptions, signal: AbortSignal): Promise<void> {
    try {
      for await (const item of this.#live.entries({ ...options, signal }).items()) {
        if (signal.aborted) return;
        await this.#take(item, signal);
      }
    } catch {
      // The state of the channel says what it was.
    }
    if (!signal.aborted) this.onChange();
  }

  async #take(item: ReaderItem, signal: AbortSignal): Promise<void> {
    if (item.kind === "gap") {
      const { first } = item;
      if (item.reason === "epoch") this.window.clear();
      const place = { position: Math.max(0, first - 1), offset: 0 };
      this.window.appendNotice({ kind: "gap", text: gapNotice(item.reason) }, place, Date.now());
      void this.#refresh(signal);
    } else await this.#takeEntries(item.entries, signal);
    this.onChange();
  }

  async #takeEntries(entries: readonly ChannelEntry[], signal: AbortSignal): Promise<void> {
    let parts: TextBytes[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const { position, timestamp: time, type } = entry;
      const notice = noticeOf(entry);
      if (notice !== undefined || type !== "data") {
        await this.#append(parts, signal);
        if (signal.aborted) return;
        [parts, bytes] = [[], 0];
        if (notice === undefined) this.window.pass(position);
        else this.window.appendNotice(notice, { position, offset: 0 }, time);
      } else
        for (const part of this.#partsOf(entry)) {
          parts.push(part);
          bytes += part.bytes.length;
          if (bytes < partBytes) continue;
          await this.#append(parts, signal);
          if (signal.aborted) return;
          [parts, bytes] = [[], 0];
        }
    }
    await this.#append(parts, signal);
  }

  /** What is to be shown of an entry, in parts: it may be larger than all that the window holds. */
  *#partsOf({ position, timestamp: time, payload }: ChannelEntry): Generator<TextBytes> {
    let offset = this.#skipped?.position === position ? this.#skipped.offset : 0;
    this.#skipped = undefined;
    if (this.#startsWithin) {
      this.#startsWithin = false;
      offset = skipToLine(payload);
    }
    for (; offset < payload.length; offset += partBytes)
      yield { bytes: payload.subarray(offset, offset + partBytes), position, offset, time };
  }

  /** Waits where there is enough below what is seen, and where the page has other things to do. */
  async #append(parts: readonly TextBytes[], signal: AbortSignal): Promise<void> {
    this.window.append(parts);
    this.window.trimStart();
    if (!this.#hasRoom()) this.onChange();
    while (!signal.aborted && !this.#hasRoom()) await this.#woken();
    if (!this.#turns.isOver) return;
    this.onChange();
    await this.#turns.next();
  }

  #hasRoom(): boolean {
    if (this.#isFollowing) return true;
    const { window } = this;
    if (window.count - this.#seen.end >= linesAhead) return false;
    return window.charactersFrom(this.#seen.end) < charactersAhead;
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wakeUp = resolve));
  }

  #wake(): void {
    this.#wakeUp();
  }
}

/** As many entries as hold about so many bytes, as far as the channel's average tells. */
function entriesOf({ first, last, keptBytes }: ChannelView, bytes: number): number {
  const average = Math.max(1, keptBytes / Math.max(1, last - first + 1));
  return Math.min(entriesMax, Math.max(1, Math.ceil(bytes / average)));
}
