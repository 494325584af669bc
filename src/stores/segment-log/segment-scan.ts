import { crc32 } from "node:zlib";
import { SegmentContents } from "./segment-contents.ts";
import {
  decodeFrameHeader,
  decodeRecordHeader,
  findFrame,
  frameAlignment,
  recordHeaderBytes,
  segmentHeaderBytes,
} from "./segment-format.ts";
import type { FrameHeader, RecordHeader, SegmentHeader } from "./segment-format.ts";

export interface ScannedRecord {
  readonly header: RecordHeader;
  readonly body: Buffer;
}

/** A part of a segment whose checksum is wrong. */
export interface SegmentDamage {
  /** Where in the file, and how many bytes. */
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
  /** The record whose body it is; absent where nobody can say whose it was. */
  readonly record?: RecordHeader;
}

export interface ScannedFrame {
  readonly offset: number;
  readonly header: FrameHeader;
  readonly records: readonly ScannedRecord[];
}

export type ScanStep =
  | { readonly kind: "frame"; readonly frame: ScannedFrame }
  | { readonly kind: "damage"; readonly damage: SegmentDamage };

/** Greatest frame number that a segment proves to be synced, by its header and by every frame in it. */
export function provenFrame(bytes: Buffer, { firstFrame, salt }: SegmentHeader): number {
  let proven = firstFrame - 1;
  for (let at = segmentHeaderBytes; (at = findFrame(bytes, at, salt)) !== -1;) {
    const frame = decodeFrameHeader(bytes, at, salt) as FrameHeader;
    proven = Math.max(proven, frame.syncedThrough);
    at += parseFrame(bytes, at, salt)?.damages.length === 0 ? frame.length : frameAlignment;
  }
  return proven;
}

/**
 * The frames of a segment in order, and what is damaged. Up to `provenThrough` everything was synced, so
 * what is wrong there is damage; the first wrong frame above it is where a write was cut off, and ends the
 * segment: nothing behind it was ever acknowledged. Returns where the good part ends.
 */
export function* scanSegment(
  bytes: Buffer,
  header: SegmentHeader,
  provenThrough: number,
): Generator<ScanStep, number, undefined> {
  const isCompacted = header.lastFrame > 0;
  let expected = isCompacted ? 1 : header.firstFrame;
  let at = segmentHeaderBytes;
  let hasEnded = false;
  while (at < bytes.byteLength && !hasEnded) {
    const parsed = parseFrame(bytes, at, header.salt);
    const isWhole = parsed?.damages.length === 0 && parsed.frame.header.number === expected;
    if (!isWhole && expected > provenThrough) return at;
    if (parsed === undefined) {
      const next = findFrame(bytes, at + frameAlignment, header.salt);
      const end = next === -1 ? bytes.byteLength : next;
      const found = next === -1 ? undefined : decodeFrameHeader(bytes, next, header.salt);
      yield damaged(at, end - at, `frames from ${expected} on are unreadable`);
      expected = found?.number ?? provenThrough + 1;
      at = end;
      continue;
    }
    const { frame, damages } = parsed;
    if (frame.header.number !== expected)
      yield damaged(at, 0, `frame ${frame.header.number} stands in the place of frame ${expected}`);
    for (const damage of damages) yield { kind: "damage", damage };
    yield { kind: "frame", frame };
    expected = frame.header.number + 1;
    at += frame.header.length;
    hasEnded = frame.header.isLast;
  }
  if (isCompacted ? !hasEnded : expected <= provenThrough)
    yield damaged(at, 0, `the segment ends early: frame ${expected} is missing`);
  return at;
}

function damaged(offset: number, length: number, reason: string): ScanStep {
  return { kind: "damage", damage: { offset, length, reason } };
}

/** The frame at an offset, with those of its records that are right; undefined where its header is not. */
function parseFrame(
  bytes: Buffer,
  offset: number,
  salt: number,
): { readonly frame: ScannedFrame; readonly damages: readonly SegmentDamage[] } | undefined {
  const header = decodeFrameHeader(bytes, offset, salt);
  if (header === undefined) return undefined;
  const records: ScannedRecord[] = [];
  const damages: SegmentDamage[] = [];
  for (let index = 0; index < header.recordCount; index++) {
    const at = offset + header.tableOffset + index * recordHeaderBytes;
    const record =
      at + recordHeaderBytes <= bytes.byteLength ? decodeRecordHeader(bytes, at, salt) : undefined;
    if (record === undefined) {
      const reason = `the header of record ${index + 1} in frame ${header.number} is unreadable`;
      damages.push({ offset: at, length: recordHeaderBytes, reason });
      continue;
    }
    const start = offset + record.bodyOffset;
    const body = bytes.subarray(start, start + record.bodyLength);
    if (body.byteLength === record.bodyLength && crc32(body) === record.bodyChecksum)
      records.push({ header: record, body });
    else {
      const reason = `record ${index + 1} in frame ${header.number} has a wrong checksum`;
      damages.push({ offset: start, length: record.bodyLength, reason, record });
    }
  }
  return { frame: { offset, header, records }, damages };
}

/** What a segment holds, for its index. */
export function scanContents(
  bytes: Buffer,
  header: SegmentHeader,
  provenThrough: number,
): SegmentContents {
  const contents = new SegmentContents();
  for (const step of scanSegment(bytes, header, provenThrough)) {
    if (step.kind !== "frame" || step.frame.header.number > provenThrough) continue;
    for (const record of step.frame.records) contents.add(record.header, step.frame.offset);
  }
  return contents;
}
