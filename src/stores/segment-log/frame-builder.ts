import { crc32 } from "node:zlib";
import type { Batch } from "../../core/store.ts";
import { encodeBatchHeader } from "../../core/codec/batch-codec.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import {
  alignFrame,
  encodeFrameHeader,
  encodeRecordHeader,
  frameHeaderBytes,
  recordHeaderBytes,
  RecordKind,
} from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";

/** Payloads from this size on are written from where they are; smaller ones are copied together. */
const copiedBytesMax = 4096;

/** What a record says besides its body. */
export type RecordContent = Pick<RecordHeader, "kind" | "series" | "first" | "entryCount"> & {
  /** Of a record that was committed before and is written again; 0 for the frame's own number. */
  readonly frame: number;
};

/** The frame's number is known when it is built. */
type BuiltRecord = Omit<RecordHeader, "frame"> & { frame: number };

/** Bytes that stand in the frame without having been copied: behind `at` bytes of what was copied. */
interface Inserted {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Gathers the records of one frame while the one before is being written. Their headers follow the bodies,
 * so that nothing has to be known in advance; checksums of bodies are made here and need no segment.
 */
export class FrameBuilder {
  readonly #writer = new ByteWriter(64 * 1024);
  #records: BuiltRecord[] = [];
  #inserted: Inserted[] = [];
  #insertedBytes = 0;
  #bodyStart = 0;
  #bodyInserted = 0;

  constructor() {
    this.clear();
  }

  get recordCount(): number {
    return this.#records.length;
  }

  /** Of the frame with all that was added. */
  get length(): number {
    const bodies = this.#writer.length + this.#insertedBytes;
    return alignFrame(bodies + this.#records.length * recordHeaderBytes);
  }

  clear(): void {
    this.#writer.clear();
    this.#writer.reserve(frameHeaderBytes);
    this.#records = [];
    this.#inserted = [];
    this.#insertedBytes = 0;
  }

  /** Adds a record whose body `write` writes. */
  add(content: RecordContent, write: (writer: ByteWriter) => void): void {
    this.#begin();
    write(this.#writer);
    const { kind, series, frame, first, entryCount } = content;
    this.#end(kind, series, frame, first, entryCount);
  }

  /** Adds a batch of a series, `frame` as in `RecordContent`. In front of one that opens a log `open` writes more. */
  addBatch(series: number, frame: number, batch: Batch, open?: (writer: ByteWriter) => void): void {
    this.#begin();
    open?.(this.#writer);
    encodeBatchHeader(this.#writer, batch);
    for (const { payload } of batch.entries) {
      if (payload.length < copiedBytesMax) this.#writer.bytes(payload);
      else this.#insert(payload);
    }
    const kind = open === undefined ? RecordKind.batch : RecordKind.opening;
    this.#end(kind, series, frame, batch.first, batch.entries.length);
  }

  /** Adds a body that is encoded already. */
  addBody(content: RecordContent, body: Uint8Array): void {
    this.#begin();
    if (body.length < copiedBytesMax) this.#writer.bytes(body);
    else this.#insert(body);
    const { kind, series, frame, first, entryCount } = content;
    this.#end(kind, series, frame, first, entryCount);
  }

  /** The frame's bytes, valid until the next change, and its records as they stand in it. */
  build(
    number: number,
    syncedThrough: number,
    salt: number,
    { isLast = false } = {},
  ): { readonly chunks: readonly Uint8Array[]; readonly records: readonly RecordHeader[] } {
    const { length } = this;
    const recordCount = this.#records.length;
    const tableOffset = this.#writer.length + this.#insertedBytes;
    const tableStart = this.#writer.length;
    this.#writer.reserve(length - tableOffset);
    const { buffer, byteOffset, byteLength } = this.#writer.written;
    const copied = Buffer.from(buffer, byteOffset, byteLength);
    copied.fill(0, tableStart + recordCount * recordHeaderBytes);
    const header = { number, syncedThrough, length, recordCount, tableOffset, isLast };
    encodeFrameHeader(copied, header, salt);
    const view = new DataView(buffer, byteOffset, byteLength);
    let at = tableStart;
    for (const record of this.#records) {
      if (record.frame === 0) record.frame = number;
      encodeRecordHeader(view, at, record, salt);
      at += recordHeaderBytes;
    }
    return { chunks: this.#interleave(copied), records: this.#records };
  }

  #begin(): void {
    this.#bodyStart = this.#writer.length;
    this.#bodyInserted = this.#inserted.length;
  }

  #insert(bytes: Uint8Array): void {
    this.#inserted.push({ at: this.#writer.length, bytes });
    this.#insertedBytes += bytes.length;
  }

  /** Takes what a record says as it is: an object of it would be garbage for each append. */
  #end(kind: RecordKind, series: number, frame: number, first: number, entryCount: number): void {
    let checksum = 0;
    let at = this.#bodyStart;
    let length = this.#writer.length - at;
    for (let i = this.#bodyInserted; i < this.#inserted.length; i++) {
      const part = this.#inserted[i] as Inserted;
      checksum = crc32(part.bytes, crc32(this.#writer.slice(at, part.at), checksum));
      at = part.at;
      length += part.bytes.length;
    }
    checksum = crc32(this.#writer.slice(at), checksum);
    const bodyOffset = this.#writer.length + this.#insertedBytes - length;
    this.#records.push({
      kind,
      series,
      frame,
      first,
      entryCount,
      bodyOffset,
      bodyLength: length,
      bodyChecksum: checksum,
    });
  }

  #interleave(copied: Buffer): readonly Uint8Array[] {
    const chunks: Uint8Array[] = [];
    let at = 0;
    for (const part of this.#inserted) {
      if (part.at > at) chunks.push(copied.subarray(at, part.at));
      chunks.push(part.bytes);
      at = part.at;
    }
    chunks.push(copied.subarray(at));
    return chunks;
  }
}
