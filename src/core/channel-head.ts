import type { Outcome } from "./process-record.ts";
import type { ProducerKey, ProducerState } from "./producers.ts";
import type { Batch } from "./store.ts";

/** A place to trim to: the bytes of all entries up to and including this position, since the log began. */
export interface ByteMark {
  readonly position: number;
  readonly cumulativeBytes: number;
}

/**
 * What must be known of a log to append to it: the fold of all its batches. Every store and every broker
 * computes it with `applyBatch`, so that all of them agree. Changed by its owner only; others get a copy.
 */
export interface ChannelHead {
  epoch: string;
  term: number;
  /** First position that readers still get; last + 1 where nothing is left. */
  first: number;
  /** Position of the last entry, 0 before any. */
  last: number;
  /** Bytes of all entries ever appended, by `entryBytes`. The log holds this less `trimmedBytes`. */
  cumulativeBytes: number;
  trimmedBytes: number;
  /** Where a trim may cut, ascending; about eight over each limit of the channel. */
  marks: ByteMark[];
  readonly producers: Map<string, ProducerState>;
  /** Whether a producer was ever forgotten: an unknown one may then be an old one. */
  hasForgotten: boolean;
  /** Outcome of the process once the log is sealed: the end of every subscription. */
  seal: Outcome | undefined;
  isDeleted: boolean;
}

export function createHead(epoch: string, term: number): ChannelHead {
  return {
    epoch,
    term,
    first: 1,
    last: 0,
    cumulativeBytes: 0,
    trimmedBytes: 0,
    marks: [],
    producers: new Map(),
    hasForgotten: false,
    seal: undefined,
    isDeleted: false,
  };
}

export function copyHead(head: ChannelHead): ChannelHead {
  return { ...head, marks: [...head.marks], producers: new Map(head.producers) };
}

/** Key of a producer in `ChannelHead.producers`. A line feed cannot be part of an id. */
export function producerKey({ senderId, producer }: ProducerKey): string {
  return producer === "" ? senderId : `${senderId}\n${producer}`;
}

/** The key of the one producer of a log, as most logs have: a text that is made anew has to be hashed anew. */
function onlyProducerKey(
  { producers }: ChannelHead,
  { senderId, producer }: ProducerKey,
): string | undefined {
  if (producers.size !== 1) return undefined;
  for (const [key, known] of producers)
    if (known.senderId === senderId && known.producer === producer) return key;
  return undefined;
}

/** What of a batch changes a head: of its entries only how many they are. */
export type BatchEffect = Omit<Batch, "id" | "entries"> & {
  readonly entries: { readonly length: number };
};

/** Advances the head by one batch, in place. */
export function applyBatch(head: ChannelHead, batch: BatchEffect): void {
  head.epoch = batch.epoch;
  head.term = Math.max(head.term, batch.term);
  head.last = batch.first + batch.entries.length - 1;
  head.cumulativeBytes += batch.bytes;
  head.first = batch.logicalFirst;
  head.trimmedBytes = batch.trimmedBytes;
  const [lowest] = head.marks;
  if (batch.marks.length > 0 || (lowest !== undefined && lowest.position < head.first)) {
    head.marks = [...head.marks, ...batch.marks].filter((mark) => mark.position >= head.first);
  }
  for (const state of batch.producers) {
    const key = onlyProducerKey(head, state) ?? producerKey(state);
    // In the order of last use, so that the ones to forget are found at the front.
    if (head.producers.size > 1) head.producers.delete(key);
    head.producers.set(key, state);
  }
  for (const key of batch.forgottenProducers) {
    head.hasForgotten = true;
    head.producers.delete(producerKey(key));
  }
  if (batch.kind === "seal") head.seal = batch.outcome;
  if (batch.kind === "tombstone") head.isDeleted = true;
}
