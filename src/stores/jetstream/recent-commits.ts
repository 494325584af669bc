import { entryOverheadBytes } from "../../core/entry.ts";
import type { Commit } from "../../core/store.ts";

interface Holder {
  forgetFirstCommit(): void;
}

/** Bounds the commits that all logs together keep to tell them again: the oldest go, of whichever log. */
export class RecentCommits {
  readonly #bytesMax: number;
  #queue: { readonly holder: Holder; readonly bytes: number }[] = [];
  #start = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(holder: Holder, { batch }: Commit): void {
    const bytes = batch.bytes + entryOverheadBytes;
    this.#queue.push({ holder, bytes });
    this.#bytes += bytes;
    for (; this.#bytes > this.#bytesMax && this.#start < this.#queue.length; this.#start++) {
      const oldest = this.#queue[this.#start];
      if (oldest === undefined) break;
      oldest.holder.forgetFirstCommit();
      this.#bytes -= oldest.bytes;
    }
    if (this.#start * 2 <= this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#start);
    this.#start = 0;
  }
}
