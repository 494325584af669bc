import { producerKey } from "../channel-head.ts";
import type { ChannelHead } from "../channel-head.ts";
import {
  decodeMarks,
  decodeOutcome,
  decodeProducers,
  encodeMarks,
  encodeOutcome,
  encodeProducers,
  requireVersion,
} from "./batch-codec.ts";
import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** First byte of an encoded head. */
export const headCodecVersion = 1;

export function encodeHead(writer: ByteWriter, head: ChannelHead): void {
  writer.byte(headCodecVersion);
  writer.text(head.epoch);
  for (const value of [head.term, head.first, head.last, head.cumulativeBytes, head.trimmedBytes])
    writer.unsigned(value);
  encodeMarks(writer, head.marks);
  encodeProducers(writer, [...head.producers.values()]);
  writer.byte((head.hasForgotten ? 1 : 0) | (head.isDeleted ? 2 : 0));
  encodeOutcome(writer, head.seal);
}

/** Throws `DecodeError`. */
export function decodeHead(bytes: Uint8Array): ChannelHead {
  const reader = new ByteReader(bytes);
  requireVersion(reader, headCodecVersion, "head");
  const epoch = reader.text();
  const term = reader.unsigned();
  const first = reader.unsigned();
  const last = reader.unsigned();
  const cumulativeBytes = reader.unsigned();
  const trimmedBytes = reader.unsigned();
  const marks = decodeMarks(reader);
  const producers = decodeProducers(reader);
  const flags = reader.byte();
  const seal = decodeOutcome(reader);
  return {
    epoch,
    term,
    first,
    last,
    cumulativeBytes,
    trimmedBytes,
    marks,
    producers: new Map(producers.map((state) => [producerKey(state), state])),
    hasForgotten: (flags & 1) !== 0,
    isDeleted: (flags & 2) !== 0,
    seal,
  };
}
