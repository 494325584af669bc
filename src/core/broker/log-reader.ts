import { isSameMessage } from "../channel.ts";
import type { ChannelHead } from "../channel-head.ts";
import type { ChannelLog } from "../channel-log.ts";
import { entryBytes } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import { unavailable } from "../errors.ts";
import { compareBytesMax } from "../limits.ts";
import type { ChannelKey, PageLimits, Revision } from "../store.ts";
import type { OpenProcess } from "./open-process.ts";
import { StoredPages } from "./stored-pages.ts";

/** What a reader of a log needs to know of its channel. */
interface LogView {
  readonly head: Readonly<ChannelHead>;
  /** Makes sure that the view is not older than the call. */
  refresh(): Promise<void>;
}

/** Entries read to compare a repeat: at first the last one alone, then each time so many times as many. */
const olderGrowth = 4;

/** Reads the visible entries of a log: from its window in memory, and before that from the store. */
export class LogReader {
  readonly #process: OpenProcess;
  readonly #key: ChannelKey;
  readonly #log: ChannelLog;
  readonly #view: LogView;
  readonly #pages: StoredPages;

  constructor(process: OpenProcess, key: ChannelKey, log: ChannelLog, view: LogView) {
    this.#process = process;
    this.#key = key;
    this.#log = log;
    this.#view = view;
    this.#pages = new StoredPages((after) => this.#readPage(after), process.pages);
  }

  /**
   * Those after a position, at least one if there is one. A hole before the first of them is one in the
   * log itself: trimmed, or damaged.
   */
  readAfter(after: number, limits: PageLimits): readonly MsgEntry[] | Promise<readonly MsgEntry[]> {
    if (after >= this.#log.visible || limits.entriesMax === 0) return [];
    const from = Math.max(after, this.#log.first - 1);
    if (from + 1 >= this.#log.windowFirst) return this.#log.read(from, limits);
    return this.#readStored(from, limits);
  }

  /**
   * Entries before those in memory, as far as repeats are compared: the newest first, which are what is
   * repeated most, until each of these messages is found.
   */
  async readOlder(messages: readonly MsgEntry[]): Promise<readonly MsgEntry[]> {
    const { windowFirst, first } = this.#log;
    const lowest = Math.max(first, windowFirst - this.#process.limits.readEntriesMax) - 1;
    let older: readonly MsgEntry[] = [];
    let bytes = 0;
    let to = windowFirst - 1;
    for (let count = 1; to > lowest && bytes < compareBytesMax; count *= olderGrowth) {
      const from = Math.max(lowest, to - count);
      const limits = { entriesMax: to - from, bytesMax: compareBytesMax - bytes };
      const entries = await this.#process.store.readAfter(this.#key, from, limits);
      older = [...entries.filter(({ position }) => position <= to), ...older];
      if (messages.every((one) => older.some((other) => isSameMessage(one, other)))) break;
      bytes += entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
      to = from;
    }
    return older;
  }

  /** Makes sure that nothing of others is missing; a batch of this broker that is under way may be. */
  async look(revision: Revision, batchUnderWay: string): Promise<void> {
    const news = await this.#process.store.readCommits(this.#key, revision);
    if (news?.every(({ batch }) => batch.id === batchUnderWay) !== true) await this.#view.refresh();
  }

  dispose(): void {
    this.#pages.clear();
  }

  async #readStored(after: number, limits: PageLimits): Promise<readonly MsgEntry[]> {
    for (let isFresh = false; ; isFresh = true) {
      const { epoch } = this.#view.head;
      const entries = await this.#pages.read(epoch, after, limits);
      const isNext = entries[0]?.position === after + 1;
      if (isNext || this.#log.first > after + 1 || this.#view.head.isDeleted) return entries;
      if (isFresh && entries.length > 0) return entries;
      if (isFresh) break;
      // Trimmed by somebody of whom this view does not know yet, or gone: only a fresh view can tell.
      await this.#view.refresh();
    }
    throw unavailable("the store does not give what it holds");
  }

  async #readPage(after: number): Promise<readonly MsgEntry[]> {
    const { readEntriesMax, readBytesMax } = this.#process.limits;
    const limits = { entriesMax: readEntriesMax, bytesMax: readBytesMax };
    const entries = await this.#process.store.readAfter(this.#key, after, limits);
    // The store may be ahead of what this broker has shown; the marks decide what is visible.
    const { visible } = this.#log;
    const last = entries.at(-1);
    return last === undefined || last.position <= visible
      ? entries
      : entries.filter(({ position }) => position <= visible);
  }
}
