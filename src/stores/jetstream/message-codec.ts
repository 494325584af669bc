import { decodeBatch, encodeBatchHeader, requireVersion } from "../../core/codec/batch-codec.ts";
import { ByteReader, DecodeError } from "../../core/codec/byte-reader.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import { decodeHead, encodeHead } from "../../core/codec/head-codec.ts";
import { decodeRecord, encodeRecord } from "../../core/codec/record-codec.ts";
import type { ChannelHead } from "../../core/channel-head.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Batch } from "../../core/store.ts";
import type { StreamMessage } from "./jet-stream.ts";

/** First byte of every message. A node refuses others: a later release may have written them. */
const messageVersion = 1;

/** Second byte of a channel's message. */
const Kind = { batchWithHead: 0, batch: 1, head: 2 } as const;

/** A message of a channel's subject. */
export type ChannelMessage = {
  /** Sequence of the message before it on the subject: the one that its writer expected. 0 for the first. */
  readonly previous: number;
} & (
  | {
      readonly kind: "batch";
      readonly batch: Batch;
      /** That of the log once the batch is in, where it is small enough. */
      readonly head: ChannelHead | undefined;
      /** Sequence of the last message that has a whole head, where this one has none. */
      readonly headSequence: number;
    }
  | {
      readonly kind: "head";
      readonly head: ChannelHead;
      /** Sequence of the last batch, whose revision goes on to be that of the log. */
      readonly batchSequence: number;
    }
);

export function encodeChannelMessage(message: ChannelMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(1024);
  writer.byte(messageVersion);
  if (message.kind === "head") {
    writer.byte(Kind.head);
    writer.unsigned(message.previous);
    writer.unsigned(message.batchSequence);
    encodeHead(writer, message.head);
    return writer.written;
  }
  const { batch, head } = message;
  writer.byte(head === undefined ? Kind.batch : Kind.batchWithHead);
  writer.unsigned(message.previous);
  if (head === undefined) writer.unsigned(message.headSequence);
  else encodeSized(writer, head);
  encodeBatchHeader(writer, batch);
  for (const { payload } of batch.entries) writer.bytes(payload);
  return writer.written;
}

function decodeChannelMessage(bytes: Uint8Array): ChannelMessage {
  const reader = new ByteReader(bytes);
  requireVersion(reader, messageVersion, "message");
  const kind = reader.byte();
  const previous = reader.unsigned();
  if (kind === Kind.head) {
    const batchSequence = reader.unsigned();
    return { kind: "head", previous, batchSequence, head: decodeHead(reader.rest()) };
  }
  if (kind !== Kind.batch && kind !== Kind.batchWithHead)
    throw new DecodeError("a message of an unknown kind");
  const headSequence = kind === Kind.batch ? reader.unsigned() : 0;
  const head =
    kind === Kind.batchWithHead ? decodeHead(reader.bytes(reader.unsigned())) : undefined;
  return { kind: "batch", previous, head, headSequence, batch: decodeBatch(reader.rest()) };
}

/** Bytes of a head in a message. */
export function headBytes(head: ChannelHead): number {
  const writer = new ByteWriter(1024);
  encodeHead(writer, head);
  return writer.length;
}

function encodeSized(writer: ByteWriter, head: ChannelHead): void {
  const sized = new ByteWriter(1024);
  encodeHead(sized, head);
  writer.unsigned(sized.length);
  writer.bytes(sized.written);
}

/** A message of a process's subject: its record, or that it was deleted. */
export interface RecordMessage {
  /** Random; tells whether a write in doubt got in. */
  readonly id: string;
  /** Sequence of the message that this one replaced, 0 for none. */
  readonly previous: number;
  readonly processId: string;
  readonly record: ProcessRecord | undefined;
}

export function encodeRecordMessage(message: RecordMessage): Uint8Array {
  const { id, previous, processId, record } = message;
  const writer = new ByteWriter(1024);
  writer.byte(messageVersion);
  writer.text(id);
  writer.unsigned(previous);
  writer.text(processId);
  if (record !== undefined) encodeRecord(writer, record);
  return writer.written;
}

function decodeRecordMessage(bytes: Uint8Array): RecordMessage {
  const reader = new ByteReader(bytes);
  requireVersion(reader, messageVersion, "message");
  const [id, previous, processId] = [reader.text(), reader.unsigned(), reader.text()];
  const record = reader.isAtEnd ? undefined : decodeRecord(reader.rest());
  return { id, previous, processId, record };
}

/** Who sweeps. */
export interface Lease {
  /** Random, of one life of a node; empty where it was given up. */
  readonly nodeId: string;
}

export function encodeLease({ nodeId }: Lease): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(messageVersion);
  writer.text(nodeId);
  return writer.written;
}

function decodeLease(bytes: Uint8Array): Lease {
  const reader = new ByteReader(bytes);
  requireVersion(reader, messageVersion, "message");
  return { nodeId: reader.text() };
}

/** What nodes tell each other of an executor that they hear. */
export interface Heard {
  readonly processId: string;
  readonly assignTerm: number;
}

export function encodeHeard({ processId, assignTerm }: Heard): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(messageVersion);
  writer.text(processId);
  writer.unsigned(assignTerm);
  return writer.written;
}

/** Throws `DecodeError`. */
export function decodeHeard(bytes: Uint8Array): Heard {
  const reader = new ByteReader(bytes);
  requireVersion(reader, messageVersion, "message");
  return { processId: reader.text(), assignTerm: reader.unsigned() };
}

type Readable = Pick<StreamMessage, "subject" | "sequence" | "data">;

/** That of a channel's subject. Rejects as `unavailable` what this release cannot read. */
export function decodeMessageOf(message: Readable): ChannelMessage {
  return decodeReadable(message, decodeChannelMessage);
}

/** That of a process's subject. Rejects as `unavailable` what this release cannot read. */
export function decodeRecordOf(message: Readable): RecordMessage {
  return decodeReadable(message, decodeRecordMessage);
}

/** Who sweeps, as the message says. Rejects as `unavailable` what this release cannot read. */
export function decodeLeaseOf(message: Readable): Lease {
  return decodeReadable(message, decodeLease);
}

function decodeReadable<Message>(
  { subject, sequence, data }: Readable,
  decode: (bytes: Uint8Array) => Message,
): Message {
  try {
    return decode(data);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const place = `message ${sequence} of ${subject}`;
    throw new StoreRejection("unavailable", `${place} is unreadable: ${error.message}`, {
      cause: error,
    });
  }
}
