import type { Outcome } from "../core/process-record.ts";
import type { JsonGap } from "../protocol/json-form.ts";
import { onAbort } from "./abort.ts";
import type { ChannelEntry, Reader, ReaderItem } from "./reader.ts";

export interface EntriesHooks {
  readonly signal: AbortSignal | undefined;
  readonly onGap: ((gap: JsonGap) => void) | undefined;
}

/** Entries of a channel, one by one or as they came together. May be iterated once. */
export class Entries implements AsyncIterable<ChannelEntry> {
  readonly #reader: Reader;
  readonly #onGap: EntriesHooks["onGap"];
  readonly #unfollow: () => void;
  #hasLeft = false;

  constructor(reader: Reader, { signal, onGap }: EntriesHooks) {
    this.#reader = reader;
    this.#onGap = onGap;
    this.#unfollow = onAbort(signal, () => this.#leave());
  }

  /** How the process ended, once the iteration has. */
  get outcome(): Outcome | undefined {
    return this.#reader.outcome;
  }

  /** Ends the iteration. */
  close(): void {
    this.#unfollow();
    this.#leave();
  }

  /** Gaps in their places between the entries, for whom a callback is not enough. */
  async *items(): AsyncGenerator<ReaderItem, void, undefined> {
    try {
      for (;;) {
        const item = await this.#reader.next();
        if (item === undefined) return;
        yield item;
      }
    } finally {
      this.close();
    }
  }

  async *batches(): AsyncGenerator<readonly ChannelEntry[], void, undefined> {
    for await (const item of this.items()) {
      if (item.kind === "entries") yield item.entries;
      else this.#onGap?.(item);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChannelEntry, void, undefined> {
    for await (const batch of this.batches())
      for (const entry of batch) {
        // Who has left is not told of the rest that came with the last entry.
        if (this.#hasLeft) return;
        yield entry;
      }
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#reader.close();
  }
}
