import { crc32 } from "node:zlib";
import type { ByteReader } from "../../core/codec/byte-reader.ts";
import { DecodeError } from "../../core/codec/byte-reader.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import { writeFully } from "./file-write.ts";
import { RecordKind } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import type { SegmentContents } from "./segment-contents.ts";
import { RecordSeries } from "./series.ts";
import type { Series } from "./series.ts";
import type { StoreFile } from "./store-directory.ts";
import { encodeNames } from "./store-state.ts";
import type { ReplayedRecord, StoreState } from "./store-state.ts";

/** Written in slices, so that nobody waits long for a turn of the event loop. */
const sliceBytes = 1024 * 1024;
const end = 0;
const tagOf = new Map<RecordKind, number>([
  [RecordKind.process, 1],
  [RecordKind.state, 2],
  [RecordKind.removal, 3],
]);
const kindOf = new Map([...tagOf].map(([kind, tag]) => [tag, kind]));

/** One record that tells all of a series up to a frame, and stays as it is while the series goes on. */
export interface SeriesSummary extends Pick<RecordHeader, "kind" | "series" | "frame"> {
  readonly write: (writer: ByteWriter) => void;
}

/** Does not look into a packed head: of a hundred thousand cold logs it takes a few milliseconds. */
export function summarize(series: Series): SeriesSummary {
  const { number, revision: frame } = series;
  if (series instanceof RecordSeries) {
    const { packed } = series;
    const write = (writer: ByteWriter): void => writer.bytes(Buffer.from(packed, "latin1"));
    return { kind: RecordKind.process, series: number, frame, write };
  }
  const { key, packedHead } = series;
  const write = (writer: ByteWriter): void => {
    encodeNames(writer, key);
    writer.bytes(Buffer.from(packedHead, "latin1"));
  };
  return { kind: RecordKind.state, series: number, frame, write };
}

export function summarizeRemoval(series: number, frame: number): SeriesSummary {
  return { kind: RecordKind.removal, series, frame, write: () => undefined };
}

/** Each series of a segment that ends with `frame`. The state has to be as it was then, not as it is later. */
export function summarizeSegment(
  state: StoreState,
  contents: SegmentContents,
  frame: number,
): readonly SeriesSummary[] {
  return contents.numbers.map((number) => {
    const series = state.byNumber.get(number);
    return series === undefined ? summarizeRemoval(number, frame) : summarize(series);
  });
}

/** Writes summaries behind what the writer holds already; `checksum` is of both. */
export async function writeSummaries(
  file: StoreFile,
  from: number,
  writer: ByteWriter,
  summaries: Iterable<SeriesSummary>,
): Promise<{ readonly to: number; readonly checksum: number }> {
  let to = from;
  let checksum = 0;
  const flush = async (): Promise<void> => {
    checksum = crc32(writer.written, checksum);
    await writeFully(file, [writer.written], to);
    to += writer.length;
    writer.clear();
  };
  for (const summary of summaries) {
    encodeSummary(writer, summary);
    if (writer.length >= sliceBytes) await flush();
  }
  writer.byte(end);
  await flush();
  return { to, checksum };
}

const scratch = new ByteWriter(4096);

function encodeSummary(writer: ByteWriter, { kind, series, frame, write }: SeriesSummary): void {
  scratch.clear();
  write(scratch);
  writer.byte(tagOf.get(kind) as number);
  writer.unsigned(series);
  writer.unsigned(frame);
  writer.unsigned(scratch.length);
  writer.bytes(scratch.written);
}

/** What was written by `writeSummaries`, as records to replay. Throws `DecodeError`. */
export function* readSummaries(reader: ByteReader): Generator<ReplayedRecord, void, undefined> {
  for (let tag = reader.byte(); tag !== end; tag = reader.byte()) {
    const kind = kindOf.get(tag);
    if (kind === undefined) throw new DecodeError("a summary of an unknown kind");
    const header = { kind, series: reader.unsigned(), frame: reader.unsigned() };
    const { buffer, byteOffset, byteLength } = reader.bytes(reader.unsigned());
    yield { header, body: Buffer.from(buffer, byteOffset, byteLength) };
  }
}
