import { firstIndex } from "../binary-search.ts";
import { entryBytes } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import type { PageLimits } from "../store.ts";
import type { BudgetHolder, MemoryBudget } from "./memory-budget.ts";

interface Page extends BudgetHolder {
  /** Without a hole. */
  readonly entries: readonly MsgEntry[];
  readonly first: number;
  readonly bytes: number;
}

/** What a page takes besides its entries, so that a flood of small pages is bounded as well. */
const pageOverheadBytes = 512;

/** Reads a page of the log after a position from its store; what is not visible yet is left out. */
type ReadPage = (after: number) => Promise<readonly MsgEntry[]>;

/**
 * Pages of one log as they came from the store, shared by all readers at the same place: those who come
 * at the same time wait for one read, and the pages read last are kept as far as the budget goes.
 */
export class StoredPages {
  readonly #readPage: ReadPage;
  readonly #budget: MemoryBudget;
  #epoch = "";
  /** In order of their first position. */
  #pages: Page[] = [];
  #reads = new Map<number, Promise<readonly MsgEntry[]>>();

  constructor(readPage: ReadPage, budget: MemoryBudget) {
    this.#readPage = readPage;
    this.#budget = budget;
  }

  /** Entries after a position, up to the limits but at least one if there is one. Positions mean nothing in another epoch. */
  async read(epoch: string, after: number, limits: PageLimits): Promise<readonly MsgEntry[]> {
    if (epoch !== this.#epoch) this.#startOver(epoch);
    const page = this.#find(after + 1);
    if (page !== undefined) {
      this.#budget.use(page, page.bytes);
      return cut(page.entries, after, limits);
    }
    let reading = this.#reads.get(after);
    if (reading === undefined) {
      reading = this.#readStore(after, this.#reads);
      this.#reads.set(after, reading);
    }
    return cut(await reading, after, limits);
  }

  /** Lets go of all pages. */
  clear(): void {
    this.#startOver("");
  }

  #startOver(epoch: string): void {
    this.#epoch = epoch;
    for (const page of this.#pages) this.#budget.use(page, 0);
    this.#pages = [];
    this.#reads = new Map();
  }

  async #readStore(
    after: number,
    reads: Map<number, Promise<readonly MsgEntry[]>>,
  ): Promise<readonly MsgEntry[]> {
    try {
      const entries = await this.#readPage(after);
      // What was asked for in another epoch is answered, and not kept.
      if (reads === this.#reads && entries[0]?.position === after + 1) this.#add(entries);
      return entries;
    } finally {
      reads.delete(after);
    }
  }

  #add(entries: readonly MsgEntry[]): void {
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), pageOverheadBytes);
    const page: Page = {
      entries,
      first: entries[0]?.position ?? 0,
      bytes,
      shrink: () => {
        this.#pages.splice(this.#pages.indexOf(page), 1);
        return bytes;
      },
    };
    this.#pages.splice(this.#indexAfter(page.first), 0, page);
    this.#budget.use(page, bytes);
  }

  #find(position: number): Page | undefined {
    const page = this.#pages[this.#indexAfter(position) - 1];
    return page !== undefined && position < page.first + page.entries.length ? page : undefined;
  }

  /** Index behind the last page that begins at or before the position. */
  #indexAfter(position: number): number {
    const pages = this.#pages;
    return firstIndex(pages.length, (index) => (pages[index] as Page).first > position);
  }
}

function cut(
  entries: readonly MsgEntry[],
  after: number,
  { entriesMax, bytesMax }: PageLimits,
): readonly MsgEntry[] {
  const first = entries[0]?.position ?? 0;
  const from = Math.max(0, after + 1 - first);
  let to = from;
  for (let bytes = 0; to < entries.length && to - from < entriesMax; to++) {
    bytes += entryBytes(entries[to] as MsgEntry);
    if (bytes > bytesMax && to > from) break;
  }
  return from === 0 && to === entries.length ? entries : entries.slice(from, to);
}
