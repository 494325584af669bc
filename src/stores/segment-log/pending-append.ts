import { requireAcceptable } from "../../core/batch-acceptance.ts";
import type { ByteWriter } from "../../core/codec/byte-writer.ts";
import type { Followers } from "../../core/followers.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Batch, ChannelKey, Revision } from "../../core/store.ts";
import type { FrameBuilder } from "./frame-builder.ts";
import type { KeyedQueue, Turn } from "./keyed-queue.ts";
import type { PendingRecord } from "./log-writer.ts";
import { RecordKind } from "./segment-format.ts";
import type { SegmentLog } from "./segment-log.ts";
import { logName } from "./series.ts";
import type { LogSeries } from "./series.ts";
import { encodeNames } from "./store-state.ts";

/** What appends need of their store. */
export interface AppendTarget {
  readonly log: SegmentLog;
  readonly followers: Followers;
  /** One write of a log at a time: it is judged by the state that the one before has left. */
  readonly queue: KeyedQueue;
  readonly batchBytesMax: number;
  /** Throws where the store takes no writes now. */
  readonly requireWritable: () => void;
  /** Throws where it takes none that is not for closing or deleting. */
  readonly requireRoom: () => void;
}

/**
 * One batch on its way into the log. All that waits of it is this object: closures and promises for each of
 * its steps took more time than the steps.
 */
class PendingAppend implements PendingRecord, Turn {
  readonly #target: AppendTarget;
  readonly #name: string;
  readonly #key: ChannelKey;
  readonly #batch: Batch;
  readonly #expected: Revision | undefined;
  readonly #resolve: (revision: Revision) => void;
  readonly #reject: (error: unknown) => void;
  /** Undefined where the batch opens it. */
  #log: LogSeries | undefined;
  #series = 0;

  constructor(
    target: AppendTarget,
    name: string,
    key: ChannelKey,
    batch: Batch,
    expected: Revision | undefined,
    resolve: (revision: Revision) => void,
    reject: (error: unknown) => void,
  ) {
    this.#target = target;
    this.#name = name;
    this.#key = key;
    this.#batch = batch;
    this.#expected = expected;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): boolean {
    try {
      this.#require();
      this.#target.log.append(this);
      return true;
    } catch (error) {
      this.#reject(error);
      return false;
    }
  }

  #require(): void {
    const { log, requireWritable, requireRoom, batchBytesMax } = this.#target;
    const { kind } = this.#batch;
    const { state } = log;
    requireWritable();
    this.#log = state.logs.get(this.#name);
    if (this.#log?.revision !== this.#expected)
      throw new StoreRejection("conflict", "the head has another revision");
    const head = this.#log === undefined ? undefined : state.headOf(this.#log);
    requireAcceptable(this.#key, this.#batch, head, batchBytesMax);
    if (kind === "data" || kind === "open") requireRoom();
    this.#series = this.#log?.number ?? state.takeNumber();
  }

  add(builder: FrameBuilder): void {
    const { first, entries } = this.#batch;
    const isOpening = this.#log === undefined;
    const kind = isOpening ? RecordKind.opening : RecordKind.batch;
    const content = { kind, series: this.#series, frame: 0, first, entryCount: entries.length };
    const names = isOpening
      ? (writer: ByteWriter): void => encodeNames(writer, this.#key)
      : undefined;
    builder.addBatch(content, this.#batch, names);
  }

  apply(frame: number): void {
    const { state } = this.#target.log;
    if (this.#log === undefined) state.openLog(this.#series, this.#key, this.#batch, frame);
    else state.applyBatch(this.#log, this.#batch, frame);
  }

  settle(revision: number): void {
    const { followers, queue } = this.#target;
    followers.tellCommit(this.#name, { key: this.#key, batch: this.#batch, revision });
    this.#resolve(revision);
    queue.leave(this.#name);
  }

  reject(error: StoreRejection): void {
    this.#reject(error);
    this.#target.queue.leave(this.#name);
  }
}

/** As `Store.append`. */
export function appendBatch(
  target: AppendTarget,
  key: ChannelKey,
  batch: Batch,
  expected: Revision | undefined,
): Promise<Revision> {
  return new Promise((resolve, reject) => {
    const name = logName(key);
    const append = new PendingAppend(target, name, key, batch, expected, resolve, reject);
    target.queue.enter(name, append);
  });
}
