import { findStored, isSameMessage } from "../channel.ts";
import type { ChannelHead } from "../channel-head.ts";
import { producerKey } from "../channel-head.ts";
import type { ChannelLog, LogEntry } from "../channel-log.ts";
import { entryBytes, hasSameContent } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import { ChannelError } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";
import { acceptSequence, createProducerState, judgeSequence } from "../producers.ts";
import type { ProducerState } from "../producers.ts";
import type { AppendCall, EntryOutcome } from "./append-call.ts";

/** What a call is judged against: the committed head, and what is staged on top of it. */
export interface LogState {
  readonly spec: ResolvedChannelSpec;
  readonly head: ChannelHead;
  readonly log: ChannelLog;
  /** States of producers that have staged entries. */
  readonly staged: ReadonlyMap<string, ProducerState>;
  readonly stagedBytes: number;
  /** The call that staged this entry, if it is not committed yet. */
  callOf(entry: MsgEntry): AppendCall | undefined;
  /** Older entries than the log holds in memory, where they were read to compare repeats. */
  readonly olderEntries: readonly MsgEntry[] | undefined;
}

export interface Admitted {
  readonly outcomes: readonly EntryOutcome[];
  readonly added: readonly LogEntry[];
  /** Of the entries added, those whose sender has sent a greater sequence before. */
  readonly late: ReadonlySet<LogEntry>;
  readonly addedBytes: number;
  readonly producers: ReadonlyMap<string, ProducerState>;
  readonly waitsFor: ReadonlySet<AppendCall>;
  /** Repeats that were not found in memory, while older entries were not looked at. */
  readonly missing: readonly MsgEntry[];
}

/**
 * Tells new entries from repeats. Throws `sequence_gap`, `sequence_conflict`, `sequence_too_old`,
 * `producer_unknown`, `too_many_producers`.
 */
export function judgeCall(
  call: AppendCall,
  state: LogState,
  limits: BrokerLimits,
  now: number,
): Admitted {
  const added: LogEntry[] = [];
  const late = new Set<LogEntry>();
  const outcomes: EntryOutcome[] = [];
  const waitsFor = new Set<AppendCall>();
  let addedBytes = 0;
  const missing: MsgEntry[] = [];
  // All entries of a call are of one sender and producer.
  const [first] = call.entries;
  const key = first === undefined ? "" : producerKey(first);
  let producer = state.staged.get(key) ?? state.head.producers.get(key);
  for (let index = 0; index < call.entries.length; index++) {
    const entry = call.entries[index] as LogEntry;
    producer ??= createProducer(entry, state, limits, now);
    if (call.isNumbered[index] === false) entry.sequence = Math.max(producer.max, 0) + 1;
    const verdict = judgeSequence(producer, entry.sequence);
    if (verdict === "gap") {
      throw new ChannelError("sequence_gap", {
        expectedSequence: producer.max + 1,
        actualSequence: entry.sequence,
      });
    }
    if (verdict === "new") {
      if (entry.sequence < producer.max) late.add(entry);
      producer = acceptSequence(producer, entry.sequence, now);
      added.push(entry);
      addedBytes += entryBytes(entry);
      outcomes.push({ entry, duplicate: false, compared: true });
      continue;
    }
    const stored = findEntry(entry, added, state);
    if (stored !== undefined && !hasSameContent(stored, entry)) {
      throw new ChannelError("sequence_conflict", { sequence: entry.sequence });
    }
    if (stored === undefined && state.olderEntries === undefined && hasOlder(state))
      missing.push(entry);
    else if (stored === undefined && verdict === "too_old") {
      throw new ChannelError("sequence_too_old", { sequence: entry.sequence });
    }
    const holder = stored === undefined ? undefined : state.callOf(stored);
    if (holder !== undefined && holder !== call) waitsFor.add(holder);
    outcomes.push({ entry: stored, duplicate: true, compared: stored !== undefined });
  }
  const producers = new Map<string, ProducerState>();
  if (added.length > 0 && producer !== undefined) producers.set(key, producer);
  return { outcomes, added, late, addedBytes, producers, waitsFor, missing };
}

function hasOlder({ log }: LogState): boolean {
  return log.windowFirst > log.first;
}

function findEntry(
  entry: LogEntry,
  added: readonly LogEntry[],
  state: LogState,
): MsgEntry | undefined {
  const isSame = (other: MsgEntry): boolean => isSameMessage(other, entry);
  return added.find(isSame) ?? findStored(state.log, entry) ?? state.olderEntries?.find(isSame);
}

function createProducer(
  entry: LogEntry,
  { head, staged }: LogState,
  limits: BrokerLimits,
  now: number,
): ProducerState {
  if (entry.producer !== "" && entry.sequence > 1 && head.hasForgotten) {
    throw new ChannelError("producer_unknown", { producer: entry.producer });
  }
  if (head.producers.size + staged.size >= limits.recentProducersMax) {
    const [oldest] = head.producers.values();
    const isRecent = oldest === undefined || now - oldest.lastUsedAt < limits.producerAgeMs;
    if (isRecent)
      throw new ChannelError("too_many_producers", { limitProducers: limits.recentProducersMax });
  }
  return createProducerState(entry);
}

/** Throws `process_closed`, naming what got in of this producer before. */
export function requireOpen(
  call: AppendCall,
  { head }: LogState,
  processId: string,
  isClosing: boolean,
): void {
  if (head.seal === undefined && !isClosing) return;
  const lastSequence = lastCommitted(call, head);
  throw new ChannelError("process_closed", {
    processId,
    ...(lastSequence === undefined ? {} : { lastSequence }),
  });
}

/** Greatest sequence of the call's producer that is committed. */
export function lastCommitted(call: AppendCall, head: ChannelHead): number | undefined {
  const [entry] = call.entries;
  return entry === undefined ? undefined : head.producers.get(producerKey(entry))?.max;
}

/** Throws `channel_full`, or `message_too_large` for an entry that could never be held. */
export function requireRoom(admitted: Admitted, { spec, head, log, stagedBytes }: LogState): void {
  const { maxLogEntries, maxLogBytes } = spec;
  if (spec.whenFull === "trim") {
    for (const entry of admitted.added) {
      const actualBytes = entryBytes(entry);
      if (actualBytes > maxLogBytes)
        throw new ChannelError("message_too_large", { limitBytes: maxLogBytes, actualBytes });
    }
    return;
  }
  if (log.last - head.first + 1 + admitted.added.length > maxLogEntries) {
    throw new ChannelError("channel_full", { limit: "maxLogEntries", limitValue: maxLogEntries });
  }
  const heldBytes = head.cumulativeBytes - head.trimmedBytes;
  if (heldBytes + stagedBytes + admitted.addedBytes > maxLogBytes) {
    throw new ChannelError("channel_full", { limit: "maxLogBytes", limitValue: maxLogBytes });
  }
}
