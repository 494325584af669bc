import { crc32 } from "node:zlib";
import { ByteReader, DecodeError } from "../../core/codec/byte-reader.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import { decodeHead } from "../../core/codec/head-codec.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { readFully, writeFully } from "./file-write.ts";
import { formatVersion } from "./segment-format.ts";
import { checkpointName, temporarySuffix } from "./segment-names.ts";
import { RecordSeries } from "./series.ts";
import type { Series } from "./series.ts";
import type { StoreDirectory, StoreFile } from "./store-directory.ts";
import { decodeNamed, encodeNames, StoreState } from "./store-state.ts";

const magic = "JWCP";
/** Written in slices, so that nobody waits long for a turn of the event loop. */
const sliceBytes = 1024 * 1024;
/** Most stores are small, and a buffer for a whole slice costs more than they do. */
const initialSliceBytes = 16 * 1024;
/** Last frame that was synced when it was finished, and the checksum of everything before. */
const trailerBytes = 10;
const Tag = { end: 0, record: 1, log: 2 } as const;

/**
 * Writes what the store knows, so that a start need not read everything. It reflects each series up to the
 * revision in it, all of them at least up to `frame`; what comes later is replayed over it. Places are not
 * in it: they are those of the segments as they are then, whatever compaction did meanwhile. `makeDurable`
 * syncs everything that it may reflect, and returns the frame up to which that is.
 */
export async function writeCheckpoint(
  directory: DurableDirectory,
  storeId: string,
  frame: number,
  state: StoreState,
  makeDurable: () => Promise<number>,
): Promise<void> {
  const name = checkpointName(frame);
  const file = await directory.create(name + temporarySuffix);
  try {
    const { length, checksum } = await writeSlices(file, storeId, frame, state);
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeUIntLE(await makeDurable(), 0, 6);
    trailer.writeUInt32LE(crc32(trailer.subarray(0, 6), checksum), 6);
    await writeFully(file, [trailer], length);
    await file.sync();
  } catch (error) {
    await file.close();
    await directory.discard(name + temporarySuffix);
    throw error;
  }
  await file.close();
  await directory.rename(name + temporarySuffix, name);
}

async function writeSlices(
  file: StoreFile,
  storeId: string,
  frame: number,
  state: StoreState,
): Promise<{ readonly length: number; readonly checksum: number }> {
  const writer = new ByteWriter(initialSliceBytes);
  let length = 0;
  let checksum = 0;
  const flush = async (): Promise<void> => {
    checksum = crc32(writer.written, checksum);
    await writeFully(file, [writer.written], length);
    length += writer.length;
    writer.clear();
  };
  writer.text(magic);
  writer.unsigned(formatVersion);
  writer.text(storeId);
  writer.unsigned(frame);
  writer.unsigned(state.nextSeries);
  // A Map that changes under its iterator shows what is added and skips what is removed.
  for (const series of state.byNumber.values()) {
    encodeSeries(writer, series);
    if (writer.length >= sliceBytes) await flush();
  }
  writer.byte(Tag.end);
  await flush();
  return { length, checksum };
}

const scratch = new ByteWriter(4096);

function encodeSeries(writer: ByteWriter, series: Series): void {
  scratch.clear();
  if (series instanceof RecordSeries) scratch.bytes(Buffer.from(series.json));
  else {
    encodeNames(scratch, series.key);
    series.encodeHead(scratch);
  }
  writer.byte(series instanceof RecordSeries ? Tag.record : Tag.log);
  writer.unsigned(series.number);
  writer.unsigned(series.revision);
  writer.unsigned(scratch.length);
  writer.bytes(scratch.written);
}

export interface Checkpoint {
  readonly state: StoreState;
  /** Frames up to it need not be replayed. */
  readonly frame: number;
  /** Frames up to it were on disk when it was written. */
  readonly syncedThrough: number;
}

/** Undefined where the file is missing something, damaged, or another store's. Throws `DecodeError` for another format. */
export async function readCheckpoint(
  directory: Pick<StoreDirectory, "open">,
  name: string,
  storeId: string,
): Promise<Checkpoint | undefined> {
  const file = await directory.open(name);
  let bytes: Buffer;
  try {
    bytes = await readFully(file, 0, await file.size());
  } finally {
    await file.close();
  }
  const checked = bytes.subarray(0, -4);
  if (bytes.byteLength < trailerBytes || bytes.readUInt32LE(checked.byteLength) !== crc32(checked))
    return undefined;
  const reader = new ByteReader(bytes.subarray(0, -trailerBytes));
  if (reader.text() !== magic) return undefined;
  const version = reader.unsigned();
  if (version !== formatVersion)
    throw new DecodeError(
      `${name} is of format ${version}; this release reads format ${formatVersion}`,
    );
  if (reader.text() !== storeId) return undefined;
  const frame = reader.unsigned();
  const syncedThrough = bytes.readUIntLE(bytes.byteLength - trailerBytes, 6);
  return { state: decodeState(reader), frame, syncedThrough };
}

function decodeState(reader: ByteReader): StoreState {
  const state = new StoreState();
  state.nextSeries = reader.unsigned();
  for (let tag = reader.byte(); tag !== Tag.end; tag = reader.byte()) {
    const number = reader.unsigned();
    const revision = reader.unsigned();
    const content = reader.bytes(reader.unsigned());
    if (tag === Tag.record) {
      const json = Buffer.from(content).toString("utf8");
      state.putRecord(number, JSON.parse(json) as ProcessRecord, json, revision);
    } else {
      const { key, rest } = decodeNamed(content);
      state.putLog(number, key, decodeHead(rest), revision);
    }
  }
  return state;
}
