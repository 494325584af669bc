import { applyBatch, copyHead, createHead } from "../../core/channel-head.ts";
import type { ChannelHead } from "../../core/channel-head.ts";
import { entryBytes } from "../../core/entry.ts";
import type { MsgEntry } from "../../core/entry.ts";
import type {
  Batch,
  ChannelKey,
  Commit,
  PageLimits,
  Revision,
  StoredHead,
} from "../../core/store.ts";

/** Commits of one log that `readCommits` can still tell. */
const recentCommitsMax = 256;

/** One channel's log in memory: its entries, its head, and its latest commits. */
export class MemoryLog {
  readonly #head: ChannelHead;
  #revision: Revision;
  /** The entry of position p is at p − #offset − 1; those before #start were let go. */
  #entries: (MsgEntry | undefined)[] = [];
  #offset = 0;
  #start = 0;
  #recent: Commit[] = [];

  constructor(key: ChannelKey, batch: Batch, revision: Revision) {
    this.#head = createHead(batch.epoch, batch.term);
    this.#revision = revision;
    this.commit(key, batch, revision);
  }

  get revision(): Revision {
    return this.#revision;
  }

  get head(): Readonly<ChannelHead> {
    return this.#head;
  }

  get stored(): StoredHead {
    return { head: copyHead(this.#head), revision: this.#revision };
  }

  commit(key: ChannelKey, batch: Batch, revision: Revision): Commit {
    applyBatch(this.#head, batch);
    for (const entry of batch.entries) this.#entries.push(entry);
    this.#revision = revision;
    const commit = { key, batch, revision };
    this.#recent.push(commit);
    if (this.#recent.length > recentCommitsMax * 2)
      this.#recent = this.#recent.slice(-recentCommitsMax);
    return commit;
  }

  readAfter(after: number, { entriesMax, bytesMax }: PageLimits): readonly MsgEntry[] {
    const page: MsgEntry[] = [];
    let bytes = 0;
    for (
      let p = Math.max(after + 1, this.#head.first);
      p <= this.#head.last && page.length < entriesMax;
      p++
    ) {
      const entry = this.#entries[p - this.#offset - 1] as MsgEntry;
      bytes += entryBytes(entry);
      if (bytes > bytesMax && page.length > 0) break;
      page.push(entry);
    }
    return page;
  }

  commitsAfter(revision: Revision): readonly Commit[] | undefined {
    if (revision === this.#revision) return [];
    const index = this.#recent.findIndex((commit) => commit.revision === revision);
    return index === -1 ? undefined : this.#recent.slice(index + 1);
  }

  /** Lets go of what the head no longer counts, and returns its bytes. */
  trim(): number {
    let bytes = 0;
    const end = this.#head.first - 1 - this.#offset;
    for (; this.#start < end; this.#start++) {
      bytes += entryBytes(this.#entries[this.#start] as MsgEntry);
      this.#entries[this.#start] = undefined;
    }
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#offset += this.#start;
      this.#start = 0;
    }
    return bytes;
  }

  /** Bytes of all entries still held. */
  heldBytes(): number {
    let bytes = 0;
    for (let i = this.#start; i < this.#entries.length; i++)
      bytes += entryBytes(this.#entries[i] as MsgEntry);
    return bytes;
  }
}
