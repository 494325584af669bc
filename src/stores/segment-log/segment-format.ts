import { crc32 } from "node:zlib";
import { DecodeError } from "../../core/codec/byte-reader.ts";
import { crc32OfWords } from "./word-checksum.ts";

/** Version of the layout on disk. Files of another one are refused, never guessed at. */
export const formatVersion = 3;

/** All integers are little-endian. Numbers of segments, frames, series and positions take 48 bits. */
const wide = 6;

const segmentMagic = 0x4753574a;
const frameMagic = 0x4d46574a;
const headerCopyBytes = 512;

/** Frames begin here: the header stands twice before, in two sectors, so that losing one loses nothing. */
export const segmentHeaderBytes = headerCopyBytes * 2;
const segmentHeaderUsed = 72;
export const frameHeaderBytes = 40;
export const recordHeaderBytes = 48;
/** Frames begin at multiples of it, so that they can be found again behind damage. */
export const frameAlignment = 8;

/** What a segment says of itself. */
export interface SegmentHeader {
  /** 16 letters or digits. */
  readonly storeId: string;
  /** The same number for a segment that was written once; a run of numbers for what compaction made of it. */
  readonly firstId: number;
  readonly lastId: number;
  /** 0, and one more each time that compaction replaces it. */
  readonly generation: number;
  /** Random; seeds the checksums of headers, so that nothing of another segment is ever taken for its own. */
  readonly salt: number;
  /** Frames below it are proven to be synced: the header is written after that. */
  readonly firstFrame: number;
  /** Of the run that compaction replaced; 0 otherwise. */
  readonly lastFrame: number;
  /** Greater than every series number given before. */
  readonly nextSeries: number;
  /** How many segments that were written once it stands for: 1 unless compacted. */
  readonly sources: number;
}

export interface FrameHeader {
  readonly number: number;
  /** Whole length with headers, bodies, table and padding, in bytes. */
  readonly length: number;
  /** Last frame that was known to be synced when this one was written. */
  readonly syncedThrough: number;
  readonly recordCount: number;
  /** Where the record headers begin, counted from the frame's start: behind the bodies. */
  readonly tableOffset: number;
  /** The last one of a compacted segment, which is whole only with it. */
  readonly isLast: boolean;
}

/** What a record is about. The names of a series stand in its `opening` and in each `state`. */
export const RecordKind = {
  /** A process record; replaces the one before. */
  process: 1,
  /** The first batch of a log, with the log's names. */
  opening: 2,
  /** A further batch. */
  batch: 3,
  /** The head of a log up to the record's frame, with its names: stands for all that compaction let go. */
  state: 4,
  /** The series has ended; nothing of it counts any more. */
  removal: 5,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly series: number;
  /** Frame in which it was committed: its revision, also after compaction. */
  readonly frame: number;
  /** Position of the first entry of a batch. */
  readonly first: number;
  readonly entryCount: number;
  /** Of the body, counted from the frame's start. */
  readonly bodyOffset: number;
  readonly bodyLength: number;
  readonly bodyChecksum: number;
}

export function alignFrame(length: number): number {
  return Math.ceil(length / frameAlignment) * frameAlignment;
}

/** Both copies, ready to be written at the start of a segment. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  bytes.writeUInt32LE(segmentMagic, 0);
  bytes.writeUInt16LE(formatVersion, 4);
  bytes.write(header.storeId, 8, 16, "latin1");
  bytes.writeUIntLE(header.firstId, 24, wide);
  bytes.writeUIntLE(header.lastId, 30, wide);
  bytes.writeUInt32LE(header.generation, 36);
  bytes.writeUInt32LE(header.salt, 40);
  bytes.writeUIntLE(header.firstFrame, 44, wide);
  bytes.writeUIntLE(header.lastFrame, 50, wide);
  bytes.writeUIntLE(header.nextSeries, 56, wide);
  bytes.writeUInt32LE(header.sources, 62);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 68)), 68);
  bytes.copy(bytes, headerCopyBytes, 0, segmentHeaderUsed);
  return bytes;
}

/**
 * The header from its first bytes, `isWhole` where both copies are right; undefined where neither is, as in
 * a file that was never used. Throws `DecodeError` for one of another version.
 */
export function decodeSegmentHeader(
  bytes: Buffer,
): { readonly header: SegmentHeader; readonly isWhole: boolean } | undefined {
  const first = decodeHeaderCopy(bytes.subarray(0, headerCopyBytes));
  const second = decodeHeaderCopy(bytes.subarray(headerCopyBytes, segmentHeaderBytes));
  const header = first ?? second;
  if (header === undefined) return undefined;
  return { header, isWhole: first !== undefined && second !== undefined };
}

function decodeHeaderCopy(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.byteLength < segmentHeaderUsed || bytes.readUInt32LE(0) !== segmentMagic)
    return undefined;
  if (bytes.readUInt32LE(68) !== crc32(bytes.subarray(0, 68))) return undefined;
  const version = bytes.readUInt16LE(4);
  if (version !== formatVersion)
    throw new DecodeError(
      `the store's files are of format ${version}; this release reads format ${formatVersion}`,
    );
  return {
    storeId: bytes.toString("latin1", 8, 24),
    firstId: bytes.readUIntLE(24, wide),
    lastId: bytes.readUIntLE(30, wide),
    generation: bytes.readUInt32LE(36),
    salt: bytes.readUInt32LE(40),
    firstFrame: bytes.readUIntLE(44, wide),
    lastFrame: bytes.readUIntLE(50, wide),
    nextSeries: bytes.readUIntLE(56, wide),
    sources: bytes.readUInt32LE(62),
  };
}

export function encodeFrameHeader(into: Buffer, frame: FrameHeader, salt: number): void {
  into.writeUInt32LE(frameMagic, 0);
  into.writeUInt32LE(frame.length, 4);
  into.writeUIntLE(frame.number, 8, wide);
  into.writeUIntLE(frame.syncedThrough, 14, wide);
  into.writeUInt32LE(frame.recordCount, 20);
  into.writeUInt32LE(frame.tableOffset, 24);
  into.writeUInt32LE(frame.isLast ? 1 : 0, 28);
  into.writeUInt32LE(0, 32);
  into.writeUInt32LE(crc32(into.subarray(0, 36), salt), 36);
}

/** Undefined where no frame of this segment begins. */
export function decodeFrameHeader(
  bytes: Buffer,
  offset: number,
  salt: number,
): FrameHeader | undefined {
  if (offset + frameHeaderBytes > bytes.byteLength) return undefined;
  if (bytes.readUInt32LE(offset) !== frameMagic) return undefined;
  const checksum = crc32(bytes.subarray(offset, offset + 36), salt);
  if (bytes.readUInt32LE(offset + 36) !== checksum) return undefined;
  return {
    length: bytes.readUInt32LE(offset + 4),
    number: bytes.readUIntLE(offset + 8, wide),
    syncedThrough: bytes.readUIntLE(offset + 14, wide),
    recordCount: bytes.readUInt32LE(offset + 20),
    tableOffset: bytes.readUInt32LE(offset + 24),
    isLast: (bytes.readUInt32LE(offset + 28) & 1) !== 0,
  };
}

const magicBytes = Buffer.alloc(4);
magicBytes.writeUInt32LE(frameMagic, 0);

/** Where a frame of this segment begins, at or behind an offset; −1 for nowhere. */
export function findFrame(bytes: Buffer, offset: number, salt: number): number {
  for (let at = offset; (at = bytes.indexOf(magicBytes, at)) !== -1; at++) {
    if (at % frameAlignment === 0 && decodeFrameHeader(bytes, at, salt) !== undefined) return at;
  }
  return -1;
}

const recordCheckedBytes = 44;

/** By a view, unlike the others: this is written for each append, and a buffer writes byte by byte. */
export function encodeRecordHeader(
  into: DataView,
  offset: number,
  record: RecordHeader,
  salt: number,
): void {
  into.setUint32(offset, record.kind, true);
  setWide(into, offset + 4, record.series);
  setWide(into, offset + 10, record.frame);
  setWide(into, offset + 16, record.first);
  into.setUint32(offset + 22, record.entryCount, true);
  into.setUint32(offset + 26, record.bodyOffset, true);
  into.setUint32(offset + 30, record.bodyLength, true);
  into.setUint32(offset + 34, record.bodyChecksum, true);
  into.setUint16(offset + 38, 0, true);
  into.setUint32(offset + 40, 0, true);
  const checksum = crc32OfWords(into, offset, recordCheckedBytes / 4, salt);
  into.setUint32(offset + recordCheckedBytes, checksum, true);
}

function setWide(into: DataView, offset: number, value: number): void {
  // What is above 32 bits is cut off by the first, and nothing but that is left to the second.
  into.setUint32(offset, value, true);
  into.setUint16(offset + 4, Math.floor(value / 2 ** 32), true);
}

// Filled anew for each record: a view of its own would cost more than all that is read.
const recordScratch = Buffer.alloc(recordHeaderBytes);
const recordChecked = recordScratch.subarray(0, recordCheckedBytes);

/** Undefined where the checksum is wrong. */
export function decodeRecordHeader(
  bytes: Buffer,
  offset: number,
  salt: number,
): RecordHeader | undefined {
  bytes.copy(recordScratch, 0, offset, offset + recordHeaderBytes);
  if (recordScratch.readUInt32LE(recordCheckedBytes) !== crc32(recordChecked, salt))
    return undefined;
  return {
    kind: recordScratch.readUInt32LE(0) as RecordKind,
    series: recordScratch.readUIntLE(4, wide),
    frame: recordScratch.readUIntLE(10, wide),
    first: recordScratch.readUIntLE(16, wide),
    entryCount: recordScratch.readUInt32LE(22),
    bodyOffset: recordScratch.readUInt32LE(26),
    bodyLength: recordScratch.readUInt32LE(30),
    bodyChecksum: recordScratch.readUInt32LE(34),
  };
}
