import { entryBytes } from "./entry.ts";
import type { MsgEntry } from "./entry.ts";
import type { PageLimits } from "./store.ts";

/** An entry inside the log, which alone gives it its position. */
export type LogEntry = { -readonly [Field in keyof MsgEntry]: MsgEntry[Field] };

/** Told when there may be something to read. */
export interface LogListener {
  logAdvanced(): void;
}

/**
 * One channel's window in memory: entries of positions `windowFirst` to `last`, in one array, and two
 * marks. Readers read up to `visible`; positions up to `fixed` never change. Beyond `fixed` an entry that
 * comes late is still sorted to its place among those of its sender, which is why it has no position yet.
 *
 * Alone in memory everything is visible at once and reading is what fixes (`visible` ≥ `fixed`). Above a
 * store handing over fixes, and being durable makes visible (`fixed` ≥ `visible`).
 */
export class ChannelLog {
  // The entry of position p is at #start + p − #windowFirst. Positions before #start are given free in
  // bulk, so that dropping the oldest entry costs O(1) on average.
  #entries: (LogEntry | undefined)[] = [];
  #start = 0;
  #windowFirst: number;
  #first: number;
  #visible: number;
  #fixed: number;
  #windowBytes = 0;
  readonly #listeners = new Set<LogListener>();

  /** An empty window behind position `last`; older entries, from `first`, may be in a store. */
  constructor({ first = 1, last = 0 }: { readonly first?: number; readonly last?: number } = {}) {
    this.#first = first;
    this.#windowFirst = last + 1;
    this.#visible = last;
    this.#fixed = last;
  }

  /** First position that readers get. */
  get first(): number {
    return this.#first;
  }

  /** First position held in memory. */
  get windowFirst(): number {
    return this.#windowFirst;
  }

  /** Position of the last entry, staged ones counted. */
  get last(): number {
    return this.#windowFirst + this.#entries.length - this.#start - 1;
  }

  get visible(): number {
    return this.#visible;
  }

  get fixed(): number {
    return this.#fixed;
  }

  /** Bytes in memory, by `entryBytes`. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Entry in memory at a position, staged ones included. */
  at(position: number): MsgEntry | undefined {
    if (position < this.#windowFirst) return undefined;
    return this.#entries[this.#start + position - this.#windowFirst];
  }

  /**
   * Adds an entry at the end. One that `isLate` (its sender, without producer id, has sent a greater
   * sequence) goes before its sender's greater ones instead, as far as they are not fixed.
   */
  stage(entry: LogEntry, isLate: boolean): void {
    this.#windowBytes += entryBytes(entry);
    if (!isLate) {
      this.#entries.push(entry);
      return;
    }
    const lowest = this.#start + this.#fixed + 1 - this.#windowFirst;
    let place = this.#entries.length;
    for (let i = place - 1; i >= lowest; i--) {
      const other = this.#entries[i];
      if (other?.senderId !== entry.senderId || other.producer !== "") continue;
      if (other.sequence <= entry.sequence) break;
      place = i;
    }
    this.#entries.splice(place, 0, entry);
  }

  /** Nothing at or before the position moves any more; it is no more than `last`. */
  fix(position: number): void {
    for (let p = this.#fixed + 1; p <= position; p++) {
      const entry = this.#entries[this.#start + p - this.#windowFirst];
      if (entry !== undefined) entry.position = p;
    }
    if (position > this.#fixed) this.#fixed = position;
  }

  /** Fixes what is staged up to a position and returns what was not fixed before: the next batch. */
  handOver(position = this.last): readonly MsgEntry[] {
    const from = this.#start + this.#fixed + 1 - this.#windowFirst;
    this.fix(position);
    return this.#entries.slice(from, this.#start + position + 1 - this.#windowFirst) as MsgEntry[];
  }

  /** Shows readers everything up to the position, and wakes them. */
  commit(position = this.last): void {
    if (position <= this.#visible) return;
    this.#visible = position;
    this.wake();
  }

  wake(): void {
    // Going through none takes as long as all else that an append does to a log in memory.
    if (this.#listeners.size === 0) return;
    for (const listener of this.#listeners) listener.logAdvanced();
  }

  /** Drops everything that is not visible and returns it, without positions, in order. */
  rollback(): readonly LogEntry[] {
    const from = this.#start + this.#visible + 1 - this.#windowFirst;
    const dropped = this.#entries.splice(from) as LogEntry[];
    for (const entry of dropped) {
      entry.position = 0;
      this.#windowBytes -= entryBytes(entry);
    }
    this.#fixed = this.#visible;
    return dropped;
  }

  /**
   * Puts what was committed elsewhere behind what is visible, and shows it. Returns what was staged, which
   * is to be admitted again. Entries that do not follow directly leave the window to be read from the store.
   */
  rebase(
    committed: readonly MsgEntry[],
    { first, last }: { readonly first: number; readonly last: number },
  ): readonly LogEntry[] {
    const staged = this.rollback();
    const news = committed.filter((entry) => entry.position > this.#visible);
    const isGapless = news.length === last - this.#visible;
    if (!isGapless) {
      this.#entries = [];
      this.#start = 0;
      this.#windowBytes = 0;
      this.#windowFirst = last + 1;
    } else {
      for (const entry of news) {
        this.#entries.push(entry);
        this.#windowBytes += entryBytes(entry);
      }
    }
    this.#visible = last;
    this.#fixed = last;
    this.trim(first);
    this.wake();
    return staged;
  }

  /**
   * Visible entries after a position that are in memory, up to the limits but at least one. What is read,
   * and what the caller claims to have read, is fixed.
   */
  read(after: number, { entriesMax, bytesMax }: PageLimits): readonly MsgEntry[] {
    const from = Math.max(after, this.#windowFirst - 1, this.#first - 1);
    let to = from;
    let bytes = 0;
    while (to < this.#visible && to - from < entriesMax) {
      const entry = this.at(to + 1) as MsgEntry;
      bytes += entryBytes(entry);
      if (bytes > bytesMax && to > from) break;
      to++;
    }
    this.fix(Math.min(Math.max(after, to), this.#visible));
    const offset = this.#start - this.#windowFirst + 1;
    return this.#entries.slice(offset + from, offset + to) as MsgEntry[];
  }

  /** The next visible entry after a position that is in memory, which is fixed by this. */
  readOne(after: number): MsgEntry | undefined {
    if (after >= this.#visible) return undefined;
    this.fix(after + 1);
    return this.at(after + 1);
  }

  /** Entries before `first` are gone for readers and leave the window. */
  trim(first: number): void {
    if (first > this.#first) this.#first = first;
    this.forget(first - 1);
  }

  /** Lets go of the window up to a position, no further than what is visible; the store has it. */
  forget(position: number): void {
    const end = Math.min(position, this.#visible);
    while (this.#windowFirst <= end) this.#dropFirst();
    this.#compact();
  }

  /** Lets go of the oldest visible entries until that many bytes are free, and returns how many are. */
  shrink(bytes: number): number {
    const before = this.#windowBytes;
    while (before - this.#windowBytes < bytes && this.#windowFirst <= this.#visible)
      this.#dropFirst();
    this.#compact();
    return before - this.#windowBytes;
  }

  attach(listener: LogListener): void {
    this.#listeners.add(listener);
  }

  /** Returns whether it was attached. */
  detach(listener: LogListener): boolean {
    return this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  #dropFirst(): void {
    this.#windowBytes -= entryBytes(this.#entries[this.#start] as LogEntry);
    this.#entries[this.#start++] = undefined;
    this.#windowFirst++;
  }

  #compact(): void {
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }
}
