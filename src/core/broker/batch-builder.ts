import { producerKey } from "../channel-head.ts";
import type { ChannelHead } from "../channel-head.ts";
import { entryBytes } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ProcessRecord, ResolvedChannelSpec } from "../process-record.ts";
import { acceptSequence, createProducerState } from "../producers.ts";
import type { ProducerKey, ProducerState } from "../producers.ts";
import type { Batch } from "../store.ts";
import { planTrim } from "./retention.ts";

/** What brings a change of authority into a log. */
export type MarkerKind = "fence" | "seal" | "tombstone";

/** Whether the log has what such a batch would bring. */
export function hasMarker(kind: MarkerKind, head: ChannelHead, { term }: ProcessRecord): boolean {
  if (kind === "tombstone") return head.isDeleted;
  return kind === "seal" ? head.seal !== undefined : head.term >= term;
}

/** A batch that takes no positions. A seal carries the outcome. */
export function createMarkerBatch(
  kind: Exclude<Batch["kind"], "data">,
  id: string,
  head: ChannelHead,
  { epoch, term, outcome }: ProcessRecord,
): Batch {
  return {
    id,
    kind,
    epoch,
    term,
    first: head.last + 1,
    entries: [],
    bytes: 0,
    logicalFirst: head.first,
    trimmedBytes: head.trimmedBytes,
    marks: [],
    producers: [],
    forgottenProducers: [],
    ...(kind === "seal" && outcome !== undefined ? { outcome } : {}),
  };
}

export function createDataBatch(
  id: string,
  head: ChannelHead,
  record: ProcessRecord,
  entries: readonly MsgEntry[],
  context: {
    readonly spec: ResolvedChannelSpec;
    readonly limits: BrokerLimits;
    readonly now: number;
  },
): Batch {
  const producers = foldProducers(head, entries);
  return {
    id,
    kind: "data",
    epoch: record.epoch,
    term: record.term,
    first: head.last + 1,
    entries,
    bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
    producers: [...producers.values()],
    forgottenProducers: producersToForget(head, producers, context.limits, context.now),
    ...planTrim(head, entries, context.spec),
  };
}

/** States of the producers of these entries, once they are in. */
function foldProducers(
  head: ChannelHead,
  entries: readonly MsgEntry[],
): ReadonlyMap<string, ProducerState> {
  const states = new Map<string, ProducerState>();
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as MsgEntry;
    const next = entries[index + 1];
    // With a producer id the sequences are consecutive: of a run only the last one counts.
    if (
      entry.producer !== "" &&
      next?.producer === entry.producer &&
      next.senderId === entry.senderId
    )
      continue;
    const key = producerKey(entry);
    const state = states.get(key) ?? head.producers.get(key) ?? createProducerState(entry);
    states.set(key, acceptSequence(state, entry.sequence, entry.timestamp));
  }
  return states;
}

/** Beyond the number that is kept whatever its age, the producers that have been silent longest. */
function producersToForget(
  head: ChannelHead,
  touched: ReadonlyMap<string, ProducerState>,
  { keptProducersMax, producerAgeMs }: BrokerLimits,
  now: number,
): readonly ProducerKey[] {
  let excess = head.producers.size - keptProducersMax;
  if (excess <= 0) return [];
  const forgotten: ProducerKey[] = [];
  for (const [key, state] of head.producers) {
    if (excess <= 0 || now - state.lastUsedAt < producerAgeMs) break;
    // Identities without producer id are few, and without its state a late entry cannot be told from a repeat.
    if (state.producer === "" || touched.has(key)) continue;
    forgotten.push({ senderId: state.senderId, producer: state.producer });
    excess--;
  }
  return forgotten;
}
