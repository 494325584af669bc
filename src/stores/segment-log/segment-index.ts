import { crc32 } from "node:zlib";
import { firstIndex } from "../../core/binary-search.ts";
import { ByteReader } from "../../core/codec/byte-reader.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import { readFully, writeFully } from "./file-write.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { batchNumbers, endOf } from "./segment-contents.ts";
import type { BatchPlace, SegmentContents, SeriesContents } from "./segment-contents.ts";
import { readSummaries, writeSummaries } from "./series-summary.ts";
import type { StoreFile } from "./store-directory.ts";
import type { ReplayedRecord } from "./store-state.ts";

const magic = 0x5849574a;
/** An index of another version is made anew. */
const indexVersion = 2;
const headerBytes = 40;
/** Places are read in blocks, each with its own checksum. */
const blockBytes = 4096;
const placeBytes = 24;
const placesPerBlock = Math.floor((blockBytes - 8) / placeBytes);
const directoryEntryBytes = 28;
const checksumBytes = 4;
const wide = 6;

/** Of a segment, up to where it counts. */
export interface SegmentExtent {
  readonly lastFrame: number;
  /** Bytes in use: where nothing was added or lost since, the length of the file. */
  readonly usedBytes: number;
}

/**
 * The index of a sealed segment, in a file of its own beside it: where each batch with entries stands,
 * in the order of series and position, a directory of the series, and what each of them was at the segment's
 * end, so that a start need not read the segment. It says nothing that the segments do not say, and is made
 * anew where it is missing or damaged.
 */
export async function writeSegmentIndex(
  file: StoreFile,
  segment: SegmentHeader,
  extent: SegmentExtent,
  contents: SegmentContents,
): Promise<void> {
  const bytes = encodeSegmentIndex(segment, extent, contents);
  await writeFully(file, [bytes], 0);
  if (contents.summaries === undefined) return;
  const writer = new ByteWriter();
  const { to, checksum } = await writeSummaries(file, bytes.byteLength, writer, contents.summaries);
  const trailer = Buffer.alloc(checksumBytes);
  trailer.writeUInt32LE(checksum);
  await writeFully(file, [trailer], to);
}

function encodeSegmentIndex(
  segment: SegmentHeader,
  extent: SegmentExtent,
  contents: SegmentContents,
): Buffer {
  const { batchCount, numbers } = contents;
  const blocks = Math.ceil(batchCount / placesPerBlock) * blockBytes;
  const bytes = Buffer.alloc(headerBytes + blocks + numbers.length * directoryEntryBytes + 4);
  encodeHeader(bytes, segment, { ...extent, batchCount, seriesCount: numbers.length });
  let index = 0;
  let at = headerBytes + blocks;
  for (const series of numbers) {
    const { first, batchCount: count, storedBytes } = contents.of(series);
    const batches = contents.batchesOf(series);
    bytes.writeUIntLE(series, at, wide);
    bytes.writeUInt32LE(index, at + 6);
    bytes.writeUInt32LE(count, at + 10);
    bytes.writeUIntLE(first, at + 14, wide);
    bytes.writeUIntLE(storedBytes, at + 20, wide);
    at += directoryEntryBytes;
    for (let i = 0; i < batches.length; i += batchNumbers)
      encodePlace(bytes, placeOffset(index++), batches, i);
  }
  for (let block = headerBytes; block < headerBytes + blocks; block += blockBytes)
    bytes.writeUInt32LE(
      crc32(bytes.subarray(block, block + blockBytes - 4)),
      block + blockBytes - 4,
    );
  bytes.writeUInt32LE(crc32(bytes.subarray(headerBytes + blocks, at)), at);
  return bytes;
}

function encodeHeader(
  bytes: Buffer,
  segment: SegmentHeader,
  counts: SegmentExtent & { readonly batchCount: number; readonly seriesCount: number },
): void {
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt16LE(indexVersion, 4);
  bytes.writeUInt32LE(segment.salt, 8);
  bytes.writeUInt32LE(segment.generation, 12);
  bytes.writeUInt32LE(counts.batchCount, 16);
  bytes.writeUInt32LE(counts.seriesCount, 20);
  bytes.writeUIntLE(counts.lastFrame, 24, wide);
  bytes.writeUIntLE(counts.usedBytes, 30, wide);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headerBytes - 4)), headerBytes - 4);
}

function placeOffset(index: number): number {
  const block = Math.floor(index / placesPerBlock);
  return headerBytes + block * blockBytes + (index % placesPerBlock) * placeBytes;
}

function encodePlace(bytes: Buffer, at: number, batches: readonly number[], from: number): void {
  bytes.writeUIntLE(batches[from] as number, at, wide);
  for (let i = 1; i < 5; i++) bytes.writeUInt32LE(batches[from + i] as number, at + 2 + i * 4);
}

/** An index as far as it has to be in memory: its directory. The rest is read when it is needed. */
export class SegmentIndex {
  readonly extent: SegmentExtent;
  readonly #directory: Buffer;
  readonly #batchCount: number;
  readonly #summariesAt: number;

  private constructor(extent: SegmentExtent, directory: Buffer, batchCount: number, end: number) {
    this.extent = extent;
    this.#directory = directory;
    this.#batchCount = batchCount;
    this.#summariesAt = end;
  }

  /** Undefined where the file is not the whole and right index of this segment up to this frame, if one is given. */
  static async read(
    file: StoreFile,
    segment: SegmentHeader,
    lastFrame: number | undefined,
  ): Promise<SegmentIndex | undefined> {
    const header = await readFully(file, 0, headerBytes);
    const isRight =
      header.byteLength === headerBytes &&
      header.readUInt32LE(0) === magic &&
      header.readUInt32LE(headerBytes - 4) === crc32(header.subarray(0, headerBytes - 4)) &&
      header.readUInt16LE(4) === indexVersion &&
      header.readUInt32LE(8) === segment.salt &&
      header.readUInt32LE(12) === segment.generation;
    if (!isRight) return undefined;
    const extent = {
      lastFrame: header.readUIntLE(24, wide),
      usedBytes: header.readUIntLE(30, wide),
    };
    if (lastFrame !== undefined && lastFrame !== extent.lastFrame) return undefined;
    const batchCount = header.readUInt32LE(16);
    const start = headerBytes + Math.ceil(batchCount / placesPerBlock) * blockBytes;
    const length = header.readUInt32LE(20) * directoryEntryBytes + checksumBytes;
    const entries = await readChecked(file, start, length);
    if (entries === undefined) return undefined;
    return new SegmentIndex(extent, entries, batchCount, start + length);
  }

  /** Undefined where there are none, or they are not whole and right. */
  async summaries(file: StoreFile): Promise<Iterable<ReplayedRecord> | undefined> {
    const length = (await file.size()) - this.#summariesAt;
    const bytes = await readChecked(file, this.#summariesAt, length);
    return bytes === undefined ? undefined : readSummaries(new ByteReader(bytes));
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#directory.byteLength;
  }

  get seriesCount(): number {
    return this.#directory.byteLength / directoryEntryBytes;
  }

  seriesAt(index: number): SeriesContents {
    const at = index * directoryEntryBytes;
    return {
      series: this.#directory.readUIntLE(at, wide),
      batchCount: this.#directory.readUInt32LE(at + 10),
      first: this.#directory.readUIntLE(at + 14, wide),
      storedBytes: this.#directory.readUIntLE(at + 20, wide),
    };
  }

  /**
   * Batches from the one that holds the position, or from the first behind it. Undefined where a block that
   * is needed is damaged.
   */
  async batchesFrom(
    file: StoreFile,
    series: number,
    position: number,
    countMax: number,
  ): Promise<readonly BatchPlace[] | undefined> {
    const { seriesCount } = this;
    const at = firstIndex(seriesCount, (index) => this.seriesAt(index).series >= series);
    if (at === seriesCount || this.seriesAt(at).series !== series) return [];
    const from = this.#directory.readUInt32LE(at * directoryEntryBytes + 6);
    const to = from + this.seriesAt(at).batchCount;
    const blocks = new BlockReader(file, this.#batchCount);
    // Blocks first: each look costs a read.
    let low = Math.floor(from / placesPerBlock);
    let high = Math.floor(Math.max(from, to - 1) / placesPerBlock);
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = await blocks.place(Math.min(to, (middle + 1) * placesPerBlock) - 1);
      if (last === undefined) return undefined;
      if (endOf(last) >= position) high = middle;
      else low = middle + 1;
    }
    const found: BatchPlace[] = [];
    for (let i = Math.max(from, low * placesPerBlock); i < to && found.length < countMax; i++) {
      const place = await blocks.place(i);
      if (place === undefined) return undefined;
      if (endOf(place) >= position) found.push(place);
    }
    return found;
  }
}

/** Bytes with their checksum behind them. */
async function readChecked(
  file: StoreFile,
  position: number,
  length: number,
): Promise<Buffer | undefined> {
  if (length < checksumBytes) return undefined;
  const bytes = await readFully(file, position, length);
  const checked = bytes.subarray(0, -checksumBytes);
  if (bytes.byteLength < length || bytes.readUInt32LE(checked.byteLength) !== crc32(checked))
    return undefined;
  return checked;
}

/** Reads places one after the other, a block at a time. */
class BlockReader {
  readonly #file: StoreFile;
  readonly #batchCount: number;
  readonly #bytes = Buffer.alloc(blockBytes);
  #block = -1;

  constructor(file: StoreFile, batchCount: number) {
    this.#file = file;
    this.#batchCount = batchCount;
  }

  async place(index: number): Promise<BatchPlace | undefined> {
    const block = Math.floor(index / placesPerBlock);
    if (index >= this.#batchCount) return undefined;
    if (block !== this.#block) {
      const length = await this.#file.read(this.#bytes, headerBytes + block * blockBytes);
      const checksum = crc32(this.#bytes.subarray(0, blockBytes - 4));
      if (length !== blockBytes || this.#bytes.readUInt32LE(blockBytes - 4) !== checksum)
        return undefined;
      this.#block = block;
    }
    const at = (index % placesPerBlock) * placeBytes;
    return {
      first: this.#bytes.readUIntLE(at, wide),
      entryCount: this.#bytes.readUInt32LE(at + 6),
      offset: this.#bytes.readUInt32LE(at + 10),
      length: this.#bytes.readUInt32LE(at + 14),
      checksum: this.#bytes.readUInt32LE(at + 18),
    };
  }
}
