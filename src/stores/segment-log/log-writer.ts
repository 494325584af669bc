import { createDeferred } from "../../core/deferred.ts";
import type { Deferred } from "../../core/deferred.ts";
import { ChannelError } from "../../core/errors.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Clock } from "../../core/system.ts";
import { writeFully } from "./file-write.ts";
import { FrameBuilder } from "./frame-builder.ts";
import { encodeSegmentHeader, segmentHeaderBytes } from "./segment-format.ts";
import type { RecordHeader, SegmentHeader } from "./segment-format.ts";
import { NoRoomError } from "./segment-reserve.ts";
import type { PreparedFile } from "./segment-reserve.ts";
import type { StoreFile } from "./store-directory.ts";

/**
 * When what is acknowledged is on disk. `always`: before it is acknowledged. An interval: at most that much
 * later, which is what a machine that loses its power may lose. `never`: when the system writes it.
 * A killed program loses nothing with any of them.
 */
export type SyncMode = "always" | "never" | { readonly intervalMs: number };

/** A frame that is in the log, as durable as the mode promises. */
export interface CommittedFrame {
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly sync: SyncMode;
  /** Bytes from which on a frame takes no more records. */
  readonly frameBytesMax: number;
  /** Silence after which an empty frame proves that the last one was synced, in milliseconds. */
  readonly idleMs: number;
  /** The next segment's file, its header's fields, and that the one before is finished. */
  readonly nextSegment: () => Promise<{
    readonly prepared: PreparedFile;
    readonly header: SegmentHeader;
  }>;
  /** Told before its records are applied. */
  readonly onFrame: (frame: CommittedFrame) => void;
  /** Told of each record once it is applied, before those who follow it or wait for it. */
  readonly onApplied: (record: RecordHeader, frame: CommittedFrame) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Builders whose buffers are used again. */
const sparesMax = 2;

/** A record on its way into the log, for as long as it is. None of its methods may throw, but `add`. */
export interface PendingRecord {
  /** Writes it into the frame. */
  add(builder: FrameBuilder): void;
  /** It is as durable as the mode promises: takes it into the state. */
  apply(frame: number): void;
  /** It is applied: tells those who follow it. */
  settle?(frame: number): void;
  /** It is not in the log, or nobody knows, and never will be applied. */
  reject?(): void;
}

interface FilledFrame {
  readonly builder: FrameBuilder;
  /** As many as records. */
  readonly pending: PendingRecord[];
  /** Of frames that are written again; else the next one. */
  readonly number: number | undefined;
  /** Its number, once it is as durable as the mode promises. Shared by all who wait for one of its records. */
  readonly committed: Deferred<number>;
}

/**
 * The one writer of the log. What arrives during a write and its sync is the next frame: no timer decides
 * how many share a sync. The first write or sync that fails is the last.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #spare: FrameBuilder[] = [];
  #queue: FilledFrame[] = [];
  #file: StoreFile | undefined;
  #header: SegmentHeader | undefined;
  #capacity = 0;
  #offset = 0;
  #lastFrame: number;
  #written: number;
  #synced: number;
  #committed: number;
  #isProof = true;
  #isRunning = false;
  #failure: StoreRejection | undefined;
  #syncing: Promise<void> | undefined;
  #hasSyncFailed = false;
  #syncTimer: { cancel(): void } | undefined;
  #proofTimer: { cancel(): void } | undefined;
  /** Frames that were begun, and those of them that are through. */
  #begunFrames = 0;
  #endedFrames = 0;
  /** Until the next frame is through. */
  #frameEnd: Deferred<void> | undefined;

  /** Goes on behind a frame up to which everything is on disk. */
  constructor(lastFrame: number, options: LogWriterOptions) {
    this.#options = options;
    this.#lastFrame = lastFrame;
    this.#written = lastFrame;
    this.#synced = lastFrame;
    this.#committed = lastFrame;
  }

  get lastFrame(): number {
    return this.#written;
  }

  /** Frames up to it are on disk, and those who wait for them have been told. */
  get settledThrough(): number {
    return Math.min(this.#synced, this.#committed);
  }

  get failure(): StoreRejection | undefined {
    return this.#failure;
  }

  /** Bytes that the present segment still takes. */
  get roomBytes(): number {
    return this.#capacity - this.#offset;
  }

  /**
   * Adds a record to the next frame. When it is as durable as the mode promises it is applied, `onApplied` is
   * called, and it is settled. Resolves then, with the number of the frame; rejects with `refused` where it is
   * not in the log, with `failed` where nobody knows. Throws `failed` once a write or sync has failed.
   */
  append(record: PendingRecord): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const frame = this.#fillingFrame();
    record.add(frame.builder);
    frame.pending.push(record);
    this.#start();
    return frame.committed.promise;
  }

  /** Writes a frame of the past again, under its old number, which has to be the next one. */
  rewrite(number: number, pending: PendingRecord[]): void {
    const builder = this.#spare.pop() ?? new FrameBuilder();
    for (const record of pending) record.add(builder);
    this.#enqueue({ builder, pending, number, committed: createFrameEnd() });
    this.#start();
  }

  /** Resolves when everything that was appended by now is written, and synced whatever the mode. */
  async flush(): Promise<void> {
    // Not until nothing is left to write: under load that never comes.
    const through = this.#begunFrames;
    while (this.#isRunning && this.#endedFrames < through) await this.#nextFrameEnd();
    await this.#syncWritten();
  }

  #nextFrameEnd(): Promise<void> {
    return (this.#frameEnd ??= createDeferred()).promise;
  }

  async #drain(): Promise<void> {
    while (this.#isRunning) await this.#nextFrameEnd();
    await this.#syncWritten();
  }

  async #syncWritten(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#sync();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** An empty frame, which says that everything before it is synced. */
  async prove(): Promise<void> {
    await this.#drain();
    if (this.#isProof) return;
    // Whatever is appended meanwhile may join it, and is proven in its turn.
    this.#fillingFrame();
    this.#start();
    await this.#drain();
  }

  /** Flushes and lets go of the file. */
  async close(): Promise<void> {
    await this.#drain().catch(() => undefined);
    this.#syncTimer?.cancel();
    this.#proofTimer?.cancel();
    await this.#file?.close();
  }

  #fillingFrame(): FilledFrame {
    const last = this.#queue.at(-1);
    const { frameBytesMax } = this.#options;
    if (last?.number === undefined && last !== undefined && last.builder.length < frameBytesMax)
      return last;
    const frame = {
      builder: this.#spare.pop() ?? new FrameBuilder(),
      pending: [],
      number: undefined,
      committed: createFrameEnd(),
    };
    this.#enqueue(frame);
    return frame;
  }

  #enqueue(frame: FilledFrame): void {
    this.#begunFrames++;
    this.#queue.push(frame);
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#proofTimer?.cancel();
    // After this turn's other appends, so that they share the first frame.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      try {
        await this.#write(frame);
      } catch (error) {
        // Nothing of it was written: it is refused, and the log goes on.
        if (error instanceof NoRoomError) reject(frame, refusalFor(error));
        else this.#fail(error, frame);
      }
      this.#endedFrames++;
      this.#tellFrameEnd();
    }
    this.#isRunning = false;
    this.#tellFrameEnd();
    if (!this.#isProof && this.#options.sync !== "never") {
      const { clock, idleMs } = this.#options;
      this.#proofTimer = clock.after(idleMs, () => void this.prove().catch(() => undefined));
    }
  }

  #tellFrameEnd(): void {
    this.#frameEnd?.resolve();
    this.#frameEnd = undefined;
  }

  async #write(frame: FilledFrame): Promise<void> {
    const { builder } = frame;
    if (this.#failure !== undefined) throw this.#failure;
    const { length } = builder;
    let head: readonly Uint8Array[] = [];
    while (this.#offset + length > this.#capacity) {
      // Also a segment that turns out to be too small for the frame has its place in the chain.
      if (head.length > 0) await writeFully(this.#file as StoreFile, head, 0);
      head = await this.#roll();
    }
    const { salt } = this.#header as SegmentHeader;
    const number = (this.#lastFrame = frame.number ?? this.#lastFrame + 1);
    const { chunks, records } = builder.build(number, this.#synced, salt);
    const offset = this.#offset;
    const isFirst = head.length > 0;
    await writeFully(this.#file as StoreFile, [...head, ...chunks], isFirst ? 0 : offset);
    this.#offset += length;
    this.#written = number;
    this.#isProof = records.length === 0;
    if (this.#options.sync === "always") await this.#sync();
    else this.#startSyncTimer();
    const committed = { number, offset, length };
    this.#options.onFrame(committed);
    for (let index = 0; index < records.length; index++) {
      const record = frame.pending[index] as PendingRecord;
      record.apply(number);
      this.#options.onApplied(records[index] as RecordHeader, committed);
      record.settle?.(number);
    }
    this.#committed = number;
    frame.committed.resolve(number);
    builder.clear();
    if (this.#spare.length < sparesMax) this.#spare.push(builder);
  }

  /** The header of the next segment proves the one before: everything in it is synced first. */
  async #roll(): Promise<readonly Uint8Array[]> {
    await this.#sync();
    if (this.#failure !== undefined) throw this.#failure;
    const old = this.#file;
    const { prepared, header } = await this.#options.nextSegment();
    await old?.close();
    this.#file = prepared.file;
    this.#header = header;
    this.#capacity = prepared.capacity;
    this.#offset = segmentHeaderBytes;
    return [encodeSegmentHeader(header)];
  }

  /** One sync at a time, of everything that is written by then. */
  async #sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    // A second sync may succeed where the first has lost what it was to write.
    if (this.#hasSyncFailed) throw new Error("an earlier sync has failed");
    if (this.#synced === this.#written || this.#file === undefined) return;
    const done = createDeferred();
    this.#syncing = done.promise;
    const through = this.#written;
    try {
      await this.#file.sync();
      this.#synced = through;
    } catch (error) {
      this.#hasSyncFailed = true;
      throw error;
    } finally {
      this.#syncing = undefined;
      done.resolve();
    }
  }

  #startSyncTimer(): void {
    const { sync, clock } = this.#options;
    if (typeof sync !== "object" || this.#syncTimer !== undefined) return;
    this.#syncTimer = clock.after(sync.intervalMs, () => {
      this.#syncTimer = undefined;
      this.#sync().catch((error: unknown) => this.#fail(error));
    });
  }

  /** Nothing is retried over it: what a failed sync has left on disk, nobody can say. */
  #fail(error: unknown, frame?: FilledFrame): void {
    const isFirst = this.#failure === undefined;
    this.#failure ??= new StoreRejection("failed", "a write of the log has failed", {
      cause: error,
    });
    const frames = frame === undefined ? this.#queue : [frame, ...this.#queue];
    this.#queue = [];
    for (const each of frames) reject(each, this.#failure);
    if (isFirst) this.#options.onFailed(error);
  }
}

/** Nobody may wait for a frame that fails: one that proves, or that is written again. */
function createFrameEnd(): Deferred<number> {
  const end = createDeferred<number>();
  end.promise.catch(() => undefined);
  return end;
}

function reject({ pending, committed }: FilledFrame, error: StoreRejection): void {
  committed.reject(error);
  for (const record of pending) record.reject?.();
}

function refusalFor(error: NoRoomError): StoreRejection {
  const cause = new ChannelError("store_full", { reason: error.message }, { cause: error });
  return new StoreRejection("refused", cause.message, { cause });
}
