import { requireAcceptable } from "../../core/batch-acceptance.ts";
import type { ByteWriter } from "../../core/codec/byte-writer.ts";
import { createDeferred } from "../../core/deferred.ts";
import type { Followers } from "../../core/followers.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Batch, ChannelKey, Revision } from "../../core/store.ts";
import type { FrameBuilder } from "./frame-builder.ts";
import type { LogTurns } from "./log-turns.ts";
import type { PendingRecord } from "./log-writer.ts";
import type { SegmentLog } from "./segment-log.ts";
import { logName } from "./series.ts";
import type { LogSeries } from "./series.ts";
import { encodeNames } from "./store-state.ts";

/** What appends need of their store. */
export interface AppendTarget {
  readonly log: SegmentLog;
  readonly followers: Followers;
  readonly turns: LogTurns;
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
class PendingAppend implements PendingRecord {
  readonly #target: AppendTarget;
  readonly #key: ChannelKey;
  readonly #batch: Batch;
  /** Undefined where the batch opens it. */
  #log: LogSeries | undefined;
  readonly #isOpening: boolean;
  readonly #series: number;

  constructor(target: AppendTarget, key: ChannelKey, batch: Batch, log: LogSeries | undefined) {
    this.#target = target;
    this.#key = key;
    this.#batch = batch;
    this.#log = log;
    this.#isOpening = log === undefined;
    this.#series = log === undefined ? target.log.state.takeNumber() : log.number;
  }

  add(builder: FrameBuilder): void {
    const open = this.#isOpening
      ? (writer: ByteWriter): void => encodeNames(writer, this.#key)
      : undefined;
    builder.addBatch(this.#series, 0, this.#batch, open);
  }

  apply(frame: number): void {
    const { state } = this.#target.log;
    if (this.#log !== undefined) state.applyBatch(this.#log, this.#batch, frame);
    else this.#log = state.openLog(this.#series, this.#key, this.#batch, frame);
  }

  settle(revision: number): void {
    const { followers, turns } = this.#target;
    const { name } = this.#log as LogSeries;
    followers.tellCommit(name, { key: this.#key, batch: this.#batch, revision });
    turns.leave(name, this.#log);
  }

  reject(): void {
    const name = this.#log?.name ?? logName(this.#key);
    this.#target.turns.leave(name, this.#log);
  }
}

/** As `Store.append`. */
export function appendBatch(
  target: AppendTarget,
  key: ChannelKey,
  batch: Batch,
  expected: Revision | undefined,
): Promise<Revision> {
  const log = target.log.state.logOf(key);
  if (log === undefined || !target.turns.take(log))
    return appendInTurn(target, key, batch, expected);
  try {
    return beginAppend(target, key, batch, expected, log);
  } catch (error) {
    target.turns.leave(log.name, log);
    const failure = error as StoreRejection;
    return Promise.reject(failure);
  }
}

/** Behind other writes of the log, or where there is no log yet that could be marked. */
async function appendInTurn(
  target: AppendTarget,
  key: ChannelKey,
  batch: Batch,
  expected: Revision | undefined,
): Promise<Revision> {
  const { state } = target.log;
  const begun = createDeferred<Promise<Revision>>();
  target.turns.enter(logName(key), state.logOf(key), {
    begin: () => {
      try {
        begun.resolve(beginAppend(target, key, batch, expected, state.logOf(key)));
        return true;
      } catch (error) {
        begun.reject(error);
        return false;
      }
    },
  });
  return await begun.promise;
}

/** Throws where the log does not take it. */
function beginAppend(
  target: AppendTarget,
  key: ChannelKey,
  batch: Batch,
  expected: Revision | undefined,
  log: LogSeries | undefined,
): Promise<Revision> {
  requireLogTakes(target, key, batch, expected, log);
  return target.log.append(new PendingAppend(target, key, batch, log));
}

/** Throws `StoreRejection`. */
function requireLogTakes(
  { log: { state }, requireWritable, requireRoom, batchBytesMax }: AppendTarget,
  key: ChannelKey,
  batch: Batch,
  expected: Revision | undefined,
  log: LogSeries | undefined,
): void {
  requireWritable();
  if (log?.revision !== expected)
    throw new StoreRejection("conflict", "the head has another revision");
  const head = log === undefined ? undefined : state.headOf(log);
  requireAcceptable(key, batch, head, batchBytesMax);
  if (batch.kind === "data" || batch.kind === "open") requireRoom();
}
