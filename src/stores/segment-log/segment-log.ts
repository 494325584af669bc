import { crc32 } from "node:zlib";
import type { System } from "../../core/system.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { FilePool } from "./file-pool.ts";
import { LogWriter } from "./log-writer.ts";
import type { CommittedFrame, PendingRecord, SyncMode } from "./log-writer.ts";
import { recover } from "./recovery.ts";
import type { Recovered } from "./recovery.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "./segment-format.ts";
import type { RecordHeader, SegmentHeader } from "./segment-format.ts";
import { segmentName } from "./segment-names.ts";
import type { SegmentRange } from "./segment-names.ts";
import { prepareSegment, SegmentReserve } from "./segment-reserve.ts";
import type { PreparedFile } from "./segment-reserve.ts";
import type { ScannedFrame } from "./segment-scan.ts";
import { SegmentContents } from "./segment-contents.ts";
import type { SegmentTable } from "./segment-table.ts";
import { Segment } from "./segment.ts";
import type { StoreDamage } from "./store-damage.ts";
import { Replay } from "./store-state.ts";
import type { StoreState } from "./store-state.ts";

/** The first segment of a life is made before anything else can go on; the next ones are large. */
const firstSegmentBytesMax = 4 * 1024 * 1024;
/** The part of a segment that is used when the next one is prepared. */
const reserveShare = 0.25;
const openFilesMax = 64;

export interface SegmentLogOptions {
  readonly directory: DurableDirectory;
  readonly system: System;
  readonly storeId: string;
  readonly sync: SyncMode;
  readonly segmentBytes: number;
  readonly readsAtOnce: number;
  readonly idleMs: number;
  readonly usesCheckpoint?: boolean;
  readonly onError: (error: unknown, context: { readonly stage: string }) => void;
  /** A segment is full: time for a checkpoint. */
  readonly onSealed: () => void;
  /** A write or sync of the log has failed, the first and the last time. */
  readonly onFailed: () => void;
}

/** The log of a store: its segments, the state that they add up to, and the one place where it is written. */
export class SegmentLog {
  readonly state: StoreState;
  readonly segments: SegmentTable;
  readonly files: FilePool;
  readonly damages: readonly StoreDamage[];
  /** Frames of the checkpoints on disk, oldest first. */
  checkpoints: readonly number[];
  readonly #options: SegmentLogOptions;
  readonly #writer: LogWriter;
  readonly #reserve: SegmentReserve;
  #active: Segment | undefined;
  /** Of the segment that is written, in bytes. */
  #capacity = 0;
  /** Of the segment after it. */
  #nextId = 0;
  #sealing: Promise<void> = Promise.resolve();

  /** Reads what is there, and makes durable what it shows. Throws `StoreOpenError`, `DecodeError`. */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    const { directory, readsAtOnce, storeId, usesCheckpoint = true } = options;
    const files = new FilePool(directory, { openFilesMax, readsAtOnce });
    try {
      const recovered = await recover({ directory, files, storeId, usesCheckpoint });
      const log = new SegmentLog(options, files, recovered);
      await log.#start(recovered);
      return log;
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  private constructor(options: SegmentLogOptions, files: FilePool, recovered: Recovered) {
    const { directory, segmentBytes, sync, idleMs } = options;
    const { clock } = options.system;
    this.#options = options;
    this.files = files;
    this.state = recovered.state;
    this.segments = recovered.segments;
    this.damages = recovered.damages;
    this.checkpoints = recovered.checkpoints;
    this.#reserve = new SegmentReserve({
      ...{ directory, clock, segmentBytes },
      onFull: (error) => options.onError(error, { stage: "reserve" }),
    });
    this.#writer = new LogWriter(recovered.provenThrough, {
      ...{ clock, sync, idleMs },
      frameBytesMax: Math.floor(segmentBytes / 8),
      nextSegment: () => this.#nextSegment(),
      onFrame: (frame) => this.#addFrame(frame),
      onApplied: (record, frame) => this.#addRecord(record, frame),
      onFailed: (error) => {
        options.onError(error, { stage: "log" });
        options.onFailed();
      },
    });
  }

  /** The next segment could not be prepared: there is room for little more. */
  get isFull(): boolean {
    return this.#reserve.error !== undefined;
  }

  /** Bytes that fit without a further segment. */
  get roomBytes(): number {
    return this.#writer.roomBytes;
  }

  get failure(): Error | undefined {
    return this.#writer.failure;
  }

  get lastFrame(): number {
    return this.#writer.lastFrame;
  }

  /** Frames up to it are on disk and in the state. */
  get settledThrough(): number {
    return this.#writer.settledThrough;
  }

  get active(): Segment | undefined {
    return this.#active;
  }

  /** Adds a record, as `LogWriter.append`. */
  append(record: PendingRecord): Promise<number> {
    return this.#writer.append(record);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Segments that are not written to any more. */
  get sealedSegments(): readonly Segment[] {
    return this.segments.all.filter((segment) => segment !== this.#active);
  }

  /** Until the indexes of sealed segments are on disk, or have failed to get there. */
  sealed(): Promise<void> {
    return this.#sealing;
  }

  /** Proves the last frame, and lets go of everything. */
  async close(): Promise<void> {
    await this.#writer.prove().catch(() => undefined);
    await this.#writer.close();
    await this.#reserve.close();
    if (this.#active !== undefined && this.failure === undefined) this.#finish(this.#active);
    await this.#sealing;
    await this.files.close();
  }

  async #start(recovered: Recovered): Promise<void> {
    const { directory } = this.#options;
    const { unused, unproven, tails, unindexed, superfluous, nextSegmentId } = recovered;
    // Their names may come again: no handle of theirs may be left.
    const unusedNames = unused.map(segmentName);
    for (const name of [...superfluous, ...unusedNames]) await this.files.forget(name);
    await directory.remove(...superfluous, ...unusedNames.slice(1));
    const first = await this.#firstSegment(nextSegmentId, unused[0]);
    this.#reserve.adopt(first);
    this.#nextId = first.id;
    await this.#rewrite(unproven);
    // Only now: what was behind the proven part is safe in the new segment.
    for (const { segment, length } of tails) {
      // A segment of which nothing counts need not have reached the disk at all.
      if (length > segmentHeaderBytes) await truncate(directory, segment, length);
      else await this.#discard(segment);
    }
    for (const segment of unindexed) if (this.segments.all.includes(segment)) this.#seal(segment);
  }

  async #discard(segment: Segment): Promise<void> {
    this.segments.replace([segment]);
    await segment.retire();
  }

  /** A file of zeros that an earlier life prepared is as good as a new one. */
  async #firstSegment(id: number, left: SegmentRange | undefined): Promise<PreparedFile> {
    const { directory, segmentBytes } = this.#options;
    const capacity = Math.min(segmentBytes, firstSegmentBytesMax);
    if (left === undefined) return (await prepareSegment(directory, id, capacity)) as PreparedFile;
    const name = segmentName({ firstId: id, lastId: id, generation: 0 });
    // By another name: it may have been left by a life that failed to bring the present one to the disk.
    await directory.rename(segmentName(left), name);
    const file = await directory.open(name);
    const size = await file.size();
    if (size >= capacity) {
      await file.sync();
      return { id, file, capacity: size };
    }
    await file.close();
    await directory.remove(name);
    return (await prepareSegment(directory, id, capacity)) as PreparedFile;
  }

  async #rewrite(frames: readonly ScannedFrame[]): Promise<void> {
    // Frames that only proved what was before them need no copy.
    if (frames.every(({ records }) => records.length === 0)) return;
    const replay = new Replay(this.state);
    for (const { header, records } of frames) {
      this.#writer.rewrite(
        header.number,
        records.map((scanned) => ({
          add: (builder) => {
            const { kind, series, first, entryCount, frame } = scanned.header;
            builder.addBody({ kind, series, first, entryCount, frame }, scanned.body);
          },
          // A failure is told by `flush`.
          apply: () => replay.apply(scanned),
        })),
      );
    }
    await this.#writer.flush();
  }

  async #nextSegment(): Promise<{ prepared: PreparedFile; header: SegmentHeader }> {
    const prepared = await this.#reserve.take(this.#nextId);
    const { directory, storeId, system } = this.#options;
    const { id } = prepared;
    const header: SegmentHeader = {
      ...{ storeId, firstId: id, lastId: id, generation: 0 },
      salt: crc32(system.randomId(16)),
      firstFrame: this.#writer.lastFrame + 1,
      lastFrame: 0,
      nextSeries: this.state.nextSeries,
      sources: 1,
    };
    const full = this.#active;
    const extent = { usedBytes: segmentHeaderBytes, lastFrame: this.#writer.lastFrame };
    this.#active = new Segment(directory, this.files, header, extent, new SegmentContents());
    this.segments.add(this.#active);
    this.#nextId = id + 1;
    this.#capacity = prepared.capacity;
    if (full !== undefined) this.#finish(full, this.#options.onSealed);
    return { prepared, header };
  }

  #addFrame({ number, offset, length }: CommittedFrame): void {
    const active = this.#active as Segment;
    active.usedBytes = offset + length;
    active.lastFrame = number;
    if (active.usedBytes >= this.#capacity * reserveShare) this.#reserve.prepare(this.#nextId);
  }

  #addRecord(record: RecordHeader, frame: CommittedFrame): void {
    const { contents, header } = this.#active as Segment;
    contents?.add(record, frame.offset);
    const { series, first, entryCount, bodyLength } = record;
    const bytes = bodyLength + recordHeaderBytes;
    this.state.addPlace(header.firstId, series, entryCount > 0 ? first : 0, bytes);
  }

  /** Nothing more will be written to it, and the state is that of its last frame. */
  #finish(segment: Segment, onSealed?: () => void): void {
    segment.summarize(this.state);
    this.#seal(segment, async () => truncate(this.#options.directory, segment, segment.usedBytes));
    if (onSealed !== undefined) this.#sealing = this.#sealing.then(onSealed);
  }

  /** In the background: nothing depends on the index but the next start's speed and memory. */
  #seal(segment: Segment, before?: () => Promise<void>): void {
    this.#sealing = this.#sealing.then(async () => {
      try {
        await before?.();
        await segment.seal();
      } catch (error) {
        this.#options.onError(error, { stage: "index" });
      }
    });
  }
}

/** Cuts off what does not count. */
async function truncate(
  directory: DurableDirectory,
  { name }: Segment,
  length: number,
): Promise<void> {
  const file = await directory.open(name);
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}
