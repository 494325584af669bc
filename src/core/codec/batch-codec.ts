import type { BatchEffect, ByteMark } from "../channel-head.ts";
import type { MsgEntry, MsgType } from "../entry.ts";
import type { Outcome } from "../process-record.ts";
import type { ProducerKey, ProducerState, SequenceHole } from "../producers.ts";
import type { Batch } from "../store.ts";
import { ByteReader, DecodeError } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** First byte of an encoded batch. A reader refuses others. */
export const batchCodecVersion = 2;

const kinds: readonly Batch["kind"][] = ["open", "data", "fence", "seal", "tombstone"];

/** What an entry shares with the one before it, or lacks; most entries of a batch say it all in this byte. */
const Flag = {
  sameSender: 1,
  sameProducer: 2,
  sameType: 4,
  nextSequence: 8,
  sameTime: 16,
  inReplyTo: 32,
  replyTo: 64,
  error: 128,
} as const;

type Described = Omit<MsgEntry, "payload" | "position">;

const nothing: Described = {
  sequence: 0,
  inReplyTo: 0,
  replyTo: 0,
  timestamp: 0,
  senderId: "",
  producer: "",
  type: "data",
  error: "",
};

/** What the first entry is described by: most batches are of the one producer whose state they bring. */
function beforeEntries(producers: readonly ProducerState[], entryCount: number): Described {
  const [state] = producers;
  if (state === undefined) return nothing;
  return {
    sequence: state.max - entryCount,
    inReplyTo: 0,
    replyTo: 0,
    timestamp: state.lastUsedAt,
    senderId: state.senderId,
    producer: state.producer,
    type: "data",
    error: "",
  };
}

/**
 * Everything of a batch but its payloads, which stand behind it in the order of the entries: so a large
 * payload need not be copied to be stored.
 */
export function encodeBatchHeader(writer: ByteWriter, batch: Batch): void {
  writer.byte(batchCodecVersion);
  writer.byte(kinds.indexOf(batch.kind));
  writer.text(batch.id);
  writer.text(batch.epoch);
  writer.unsigned(batch.term);
  writer.unsigned(batch.first);
  writer.unsigned(batch.bytes);
  writer.unsigned(batch.logicalFirst);
  writer.unsigned(batch.trimmedBytes);
  encodeMarks(writer, batch.marks);
  encodeProducers(writer, batch.producers);
  writer.unsigned(batch.forgottenProducers.length);
  for (const { senderId, producer } of batch.forgottenProducers) {
    writer.text(senderId);
    writer.text(producer);
  }
  encodeOutcome(writer, batch.outcome);
  writer.unsigned(batch.entries.length);
  let previous = beforeEntries(batch.producers, batch.entries.length);
  for (const entry of batch.entries) {
    encodeEntry(writer, entry, previous);
    previous = entry;
  }
}

/** The batch whose header and payloads these bytes are; payloads are views of them. Throws `DecodeError`. */
export function decodeBatch(bytes: Uint8Array): Batch {
  const reader = new ByteReader(bytes);
  requireVersion(reader, batchCodecVersion, "batch");
  const kind = decodeKind(reader);
  const id = reader.text();
  const effect = decodeFields(reader, kind);
  const entries = decodeEntries(reader, effect);
  if (!reader.isAtEnd) throw new DecodeError("bytes behind a batch");
  return { ...effect, id, entries };
}

/** What the batch changes in a head, without looking at its entries. Throws `DecodeError`. */
export function decodeBatchEffect(bytes: Uint8Array): BatchEffect {
  const reader = new ByteReader(bytes);
  requireVersion(reader, batchCodecVersion, "batch");
  const kind = decodeKind(reader);
  reader.skipText();
  const effect = decodeFields(reader, kind);
  return { ...effect, entries: { length: reader.unsigned() } };
}

function decodeKind(reader: ByteReader): Batch["kind"] {
  const kind = kinds[reader.byte()];
  if (kind === undefined) throw new DecodeError("a batch of an unknown kind");
  return kind;
}

function decodeFields(reader: ByteReader, kind: Batch["kind"]): Omit<Batch, "id" | "entries"> {
  const epoch = reader.text();
  const term = reader.unsigned();
  const first = reader.unsigned();
  const bytes = reader.unsigned();
  const logicalFirst = reader.unsigned();
  const trimmedBytes = reader.unsigned();
  const marks = decodeMarks(reader);
  const producers = decodeProducers(reader);
  const forgottenProducers = decodeList(reader, decodeProducerKey);
  const outcome = decodeOutcome(reader);
  // In one literal: spreading costs more than decoding, and a start decodes every batch.
  const fields = {
    kind,
    epoch,
    term,
    first,
    bytes,
    logicalFirst,
    trimmedBytes,
    marks,
    producers,
    forgottenProducers,
  };
  return outcome === undefined ? fields : { ...fields, outcome };
}

export function requireVersion(reader: ByteReader, expected: number, what: string): void {
  const version = reader.byte();
  if (version !== expected)
    throw new DecodeError(`a ${what} of version ${version}; this release reads ${expected}`);
}

function encodeEntry(writer: ByteWriter, entry: MsgEntry, previous: Described): void {
  const flags =
    (entry.senderId === previous.senderId ? Flag.sameSender : 0) |
    (entry.producer === previous.producer ? Flag.sameProducer : 0) |
    (entry.type === previous.type ? Flag.sameType : 0) |
    (entry.sequence === previous.sequence + 1 ? Flag.nextSequence : 0) |
    (entry.timestamp === previous.timestamp ? Flag.sameTime : 0) |
    (entry.inReplyTo === 0 ? 0 : Flag.inReplyTo) |
    (entry.replyTo === 0 ? 0 : Flag.replyTo) |
    (entry.error === "" ? 0 : Flag.error);
  writer.byte(flags);
  if ((flags & Flag.sameSender) === 0) writer.text(entry.senderId);
  if ((flags & Flag.sameProducer) === 0) writer.text(entry.producer);
  if ((flags & Flag.sameType) === 0) writer.text(entry.type);
  if ((flags & Flag.nextSequence) === 0) writer.signed(entry.sequence);
  if ((flags & Flag.sameTime) === 0) writer.signed(entry.timestamp - previous.timestamp);
  if ((flags & Flag.inReplyTo) !== 0) writer.signed(entry.inReplyTo);
  if ((flags & Flag.replyTo) !== 0) writer.signed(entry.replyTo);
  if ((flags & Flag.error) !== 0) writer.text(entry.error);
  writer.unsigned(entry.payload.length);
}

function decodeEntries(
  reader: ByteReader,
  { first, producers }: Pick<Batch, "first" | "producers">,
): readonly MsgEntry[] {
  const entryCount = reader.unsigned();
  let previous = beforeEntries(producers, entryCount);
  const described = decodeItems(reader, entryCount, () => {
    const flags = reader.byte();
    const entry: Described = {
      senderId: (flags & Flag.sameSender) === 0 ? reader.text() : previous.senderId,
      producer: (flags & Flag.sameProducer) === 0 ? reader.text() : previous.producer,
      type: (flags & Flag.sameType) === 0 ? (reader.text() as MsgType) : previous.type,
      sequence: (flags & Flag.nextSequence) === 0 ? reader.signed() : previous.sequence + 1,
      timestamp: previous.timestamp + ((flags & Flag.sameTime) === 0 ? reader.signed() : 0),
      inReplyTo: (flags & Flag.inReplyTo) === 0 ? 0 : reader.signed(),
      replyTo: (flags & Flag.replyTo) === 0 ? 0 : reader.signed(),
      error: (flags & Flag.error) === 0 ? "" : reader.text(),
    };
    previous = entry;
    return { entry, payloadBytes: reader.unsigned() };
  });
  return described.map(({ entry, payloadBytes }, index) => ({
    position: first + index,
    ...entry,
    payload: reader.bytes(payloadBytes),
  }));
}

export function encodeMarks(writer: ByteWriter, marks: readonly ByteMark[]): void {
  writer.unsigned(marks.length);
  for (const { position, cumulativeBytes } of marks) {
    writer.unsigned(position);
    writer.unsigned(cumulativeBytes);
  }
}

export function decodeMarks(reader: ByteReader): ByteMark[] {
  return decodeList(reader, () => ({
    position: reader.unsigned(),
    cumulativeBytes: reader.unsigned(),
  }));
}

export function encodeProducers(writer: ByteWriter, producers: readonly ProducerState[]): void {
  writer.unsigned(producers.length);
  for (const { senderId, producer, max, holes, floor, lastUsedAt } of producers) {
    writer.text(senderId);
    writer.text(producer);
    writer.signed(max);
    writer.signed(floor);
    writer.signed(lastUsedAt);
    writer.unsigned(holes.length);
    for (const [from, to] of holes) {
      writer.signed(from);
      writer.signed(to);
    }
  }
}

export function decodeProducers(reader: ByteReader): ProducerState[] {
  return decodeList(reader, () => {
    const senderId = reader.text();
    const producer = reader.text();
    const max = reader.signed();
    const floor = reader.signed();
    const lastUsedAt = reader.signed();
    const holes = decodeList(reader, (): SequenceHole => [reader.signed(), reader.signed()]);
    return { senderId, producer, max, floor, lastUsedAt, holes };
  });
}

function decodeProducerKey(reader: ByteReader): ProducerKey {
  return { senderId: reader.text(), producer: reader.text() };
}

/** An outcome is written once in a log's life: as JSON. */
export function encodeOutcome(writer: ByteWriter, outcome: Outcome | undefined): void {
  writer.text(outcome === undefined ? "" : JSON.stringify(outcome));
}

export function decodeOutcome(reader: ByteReader): Outcome | undefined {
  const text = reader.text();
  return text === "" ? undefined : (JSON.parse(text) as Outcome);
}

function decodeList<Item>(reader: ByteReader, decode: (reader: ByteReader) => Item): Item[] {
  return decodeItems(reader, reader.unsigned(), decode);
}

function decodeItems<Item>(
  reader: ByteReader,
  count: number,
  decode: (reader: ByteReader) => Item,
): Item[] {
  const items: Item[] = [];
  for (let left = count; left > 0; left--) items.push(decode(reader));
  return items;
}
