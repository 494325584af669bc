import { crc32 } from "node:zlib";
import { ByteReader, DecodeError } from "../../core/codec/byte-reader.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { readFully, writeFully } from "./file-write.ts";
import { formatVersion } from "./segment-format.ts";
import { checkpointName, temporarySuffix } from "./segment-names.ts";
import { readSummaries, summarize, writeSummaries } from "./series-summary.ts";
import type { SeriesSummary } from "./series-summary.ts";
import type { StoreDirectory } from "./store-directory.ts";
import { Replay, StoreState } from "./store-state.ts";

const magic = "JWCP";
/** Most stores are small, and a buffer for a whole slice costs more than they do. */
const initialSliceBytes = 16 * 1024;
/** Last frame that was synced when it was finished, and the checksum of everything before. */
const trailerBytes = 10;

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
    const writer = new ByteWriter(initialSliceBytes);
    writer.text(magic);
    writer.unsigned(formatVersion);
    writer.text(storeId);
    writer.unsigned(frame);
    writer.unsigned(state.nextSeries);
    const { to, checksum } = await writeSummaries(file, 0, writer, summariesOf(state));
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeUIntLE(await makeDurable(), 0, 6);
    trailer.writeUInt32LE(crc32(trailer.subarray(0, 6), checksum), 6);
    await writeFully(file, [trailer], to);
    await file.sync();
  } catch (error) {
    await file.close();
    await directory.discard(name + temporarySuffix);
    throw error;
  }
  await file.close();
  await directory.rename(name + temporarySuffix, name);
}

/** Of all series. A Map that changes under its iterator shows what is added and skips what is removed. */
function* summariesOf(state: StoreState): Generator<SeriesSummary, void, undefined> {
  for (const series of state.byNumber.values()) yield summarize(series);
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
  const replay = new Replay(state);
  for (const record of readSummaries(reader)) replay.apply(record);
  return state;
}
