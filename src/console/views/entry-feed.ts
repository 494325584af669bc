import type {
  Channel,
  ChannelEntry,
  ProcessHandle,
  ReaderItem,
  ReaderState,
} from "../../client/index.ts";
import { gapNotice, type Notice } from "./notices.ts";

export type FeedItem =
  | { readonly kind: "entry"; readonly entry: ChannelEntry }
  | { readonly kind: "notice"; readonly notice: Notice; readonly position: number };

export interface EntryFeedOptions {
  /** Entries that it begins with, and that each step back brings. */
  readonly pageEntries?: number;
  readonly entriesMax?: number;
  readonly bytesMax?: number;
}

const MiB = 1024 * 1024;

/** The newest entries of a channel, and as many of the older ones as somebody asks for and memory allows. */
export class EntryFeed {
  /** Something is different from before. Often told: whoever draws does so once a frame. */
  onChange: () => void = () => undefined;
  /** Each entry and gap in its order, before it may be let go. */
  onItem: (item: FeedItem) => void = () => undefined;
  readonly #live: Channel;
  readonly #history: Channel;
  readonly #pageEntries: number;
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #unlisten: () => void;
  readonly #ending = new AbortController();
  #items: FeedItem[] = [];
  #bytes = 0;
  #kept: number;
  #first = 1;
  #state: ReaderState = { kind: "connecting" };
  #isLoadingOlder = false;

  constructor(process: ProcessHandle, name: string, options: EntryFeedOptions = {}) {
    const { pageEntries = 500, entriesMax = 5_000, bytesMax = 32 * MiB } = options;
    this.#live = process.channel(name);
    this.#history = process.channel(name);
    this.#pageEntries = pageEntries;
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
    this.#kept = pageEntries;
    this.#unlisten = this.#live.onState((state) => {
      this.#state = state;
      this.onChange();
    });
  }

  get items(): readonly FeedItem[] {
    return this.#items;
  }

  get state(): ReaderState {
    return this.#state;
  }

  get isLoadingOlder(): boolean {
    return this.#isLoadingOlder;
  }

  /** There are older entries, and room for them. */
  get hasOlder(): boolean {
    const start = this.#start;
    return start !== undefined && start > this.#first && this.#kept < this.#entriesMax;
  }

  async start(): Promise<void> {
    const { signal } = this.#ending;
    try {
      this.#first = (await this.#live.get()).first;
    } catch {
      // The reader meets the same, and its state is shown.
    }
    if (signal.aborted) return;
    try {
      const entries = this.#live.entries({ from: { last: this.#pageEntries }, signal });
      for await (const item of entries.items()) {
        if (signal.aborted) return;
        this.#take(item);
        this.onChange();
      }
    } catch {
      // The state says what it was.
    }
    this.onChange();
  }

  async loadOlder(): Promise<void> {
    const start = this.#start;
    if (start === undefined || !this.hasOlder || this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    this.onChange();
    const { signal } = this.#ending;
    const after = Math.max(this.#first - 1, start - 1 - this.#pageEntries);
    const older: FeedItem[] = [];
    try {
      for await (const entry of this.#history.entries({ after, signal })) {
        if (entry.position < start) older.push({ kind: "entry", entry });
        if (entry.position >= start - 1) break;
      }
      this.#kept += older.length;
      this.#items = [...older, ...this.#items];
      for (const item of older) this.#bytes += bytesOf(item);
    } catch {
      // As above.
    } finally {
      this.#isLoadingOlder = false;
      this.onChange();
    }
  }

  close(): void {
    this.#ending.abort();
    this.#unlisten();
    this.onChange = () => undefined;
  }

  get #start(): number | undefined {
    const item = this.#items.find(({ kind }) => kind === "entry");
    return item?.kind === "entry" ? item.entry.position : undefined;
  }

  #take(item: ReaderItem): void {
    if (item.kind === "gap") {
      const notice: Notice = { kind: "gap", text: gapNotice(item.reason) };
      this.#first = item.first;
      this.#push({ kind: "notice", notice, position: item.first - 1 });
    } else for (const entry of item.entries) this.#push({ kind: "entry", entry });
    this.#trim();
  }

  #push(item: FeedItem): void {
    this.#items.push(item);
    this.#bytes += bytesOf(item);
    this.onItem(item);
  }

  #trim(): void {
    const { length } = this.#items;
    let dropped = 0;
    while (
      dropped < length - 1 &&
      (length - dropped > this.#kept || this.#bytes > this.#bytesMax)
    ) {
      const item = this.#items[dropped];
      if (item !== undefined) this.#bytes -= bytesOf(item);
      dropped++;
    }
    if (dropped > 0) this.#items = this.#items.slice(dropped);
  }
}

function bytesOf(item: FeedItem): number {
  return item.kind === "entry" ? item.entry.payload.byteLength : 0;
}
