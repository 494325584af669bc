import { applyBatch, copyHead, createHead } from "../../core/channel-head.ts";
import type { ChannelHead } from "../../core/channel-head.ts";
import type { Batch, ChannelKey, Commit, Revision, StoredHead } from "../../core/store.ts";
import type { ChannelMessage } from "./message-codec.ts";
import { PlaceIndex } from "./place-index.ts";
import { CommitList } from "./recent-commits.ts";

/** A log as this node knows it: its head after all messages up to one of them. */
export class LogView {
  readonly places = new PlaceIndex();
  #head: ChannelHead;
  /** Sequence of the last batch. */
  #revision: number;
  /** Sequence of the last message, which may be a head behind the last batch. */
  #sequence: number;
  /** Sequence of the last message that has a whole head. */
  #headSequence: number;
  #batchesSinceHead = 0;
  readonly recent: CommitList;

  /** From a head that a message brought. */
  constructor(head: ChannelHead, { sequence, revision }: { sequence: number; revision: number }) {
    this.#head = head;
    this.#sequence = sequence;
    this.#headSequence = sequence;
    this.#revision = revision;
    this.recent = new CommitList(revision);
  }

  /** Of a log that begins with this batch. */
  static begin(batch: Batch, sequence: number): LogView {
    const head = createHead(batch.epoch, batch.term);
    applyBatch(head, batch);
    return new LogView(head, { sequence, revision: sequence });
  }

  get head(): Readonly<ChannelHead> {
    return this.#head;
  }

  get revision(): number {
    return this.#revision;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get headSequence(): number {
    return this.#headSequence;
  }

  get batchesSinceHead(): number {
    return this.#batchesSinceHead;
  }

  get stored(): StoredHead {
    return { head: copyHead(this.#head), revision: this.#revision };
  }

  /** The head as it is once a batch is in. */
  headAfter(batch: Batch): ChannelHead {
    const head = copyHead(this.#head);
    applyBatch(head, batch);
    return head;
  }

  /** Takes in the message that follows. Returns the commit, if it is one. */
  apply(key: ChannelKey, message: ChannelMessage, sequence: number): Commit | undefined {
    this.#sequence = sequence;
    if (message.kind === "head") {
      this.#headSequence = sequence;
      this.#batchesSinceHead = 0;
      return undefined;
    }
    const { batch, head } = message;
    applyBatch(this.#head, batch);
    this.#revision = sequence;
    if (head === undefined) this.#batchesSinceHead++;
    else {
      this.#headSequence = sequence;
      this.#batchesSinceHead = 0;
    }
    if (batch.kind === "data") this.places.add({ first: batch.first, sequence });
    const commit = { key, batch, revision: sequence };
    this.recent.push(commit);
    return commit;
  }

  /** What was committed after a revision, or undefined where that is no longer known in full. */
  commitsAfter(revision: Revision): readonly Commit[] | undefined {
    return revision === this.#revision ? [] : this.recent.after(revision);
  }
}
