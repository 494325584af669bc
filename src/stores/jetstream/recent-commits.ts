import type { Commit, Revision } from "../../core/store.ts";

/** What a commit of a small entry takes in memory beside its payload, in bytes: measured, with its place here. */
const commitOverheadBytes = 1024;

/** The last commits of one log. */
export class CommitList {
  #commits: Commit[] = [];
  /** Revision before the first of them. */
  #after: Revision;

  constructor(after: Revision) {
    this.#after = after;
  }

  push(commit: Commit): void {
    this.#commits.push(commit);
  }

  /** What was committed after a revision but the last, or undefined where that is no longer known in full. */
  after(revision: Revision): readonly Commit[] | undefined {
    if (revision === this.#after) return [...this.#commits];
    const index = this.#commits.findIndex((commit) => commit.revision === revision);
    return index === -1 ? undefined : this.#commits.slice(index + 1);
  }

  forgetFirst(): void {
    const [first] = this.#commits.splice(0, 1);
    this.#after = first?.revision ?? this.#after;
  }

  /** Where nobody will ask any more. */
  forgetAll(): void {
    this.#after = this.#commits.at(-1)?.revision ?? this.#after;
    this.#commits = [];
  }
}

/** Bounds the commits that all logs together keep to tell them again: the oldest go, of whichever log. */
export class RecentCommits {
  readonly #bytesMax: number;
  #queue: { readonly list: CommitList; readonly bytes: number }[] = [];
  #start = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(list: CommitList, { batch }: Commit): void {
    const bytes = batch.bytes + commitOverheadBytes;
    this.#queue.push({ list, bytes });
    this.#bytes += bytes;
    for (; this.#bytes > this.#bytesMax && this.#start < this.#queue.length; this.#start++) {
      const oldest = this.#queue[this.#start];
      if (oldest === undefined) break;
      oldest.list.forgetFirst();
      this.#bytes -= oldest.bytes;
    }
    if (this.#start * 2 <= this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#start);
    this.#start = 0;
  }
}
