import { copyHead } from "../../core/channel-head.ts";
import { refusal } from "../../core/batch-acceptance.ts";
import { ChannelError } from "../../core/errors.ts";
import type { MsgEntry } from "../../core/entry.ts";
import { Followers } from "../../core/followers.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import { StoreRejection } from "../../core/store.ts";
import type {
  Batch,
  ChannelKey,
  Commit,
  PageLimits,
  Revision,
  Store,
  StoredHead,
  StoredRecord,
  StoreManifest,
} from "../../core/store.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { LogTurns } from "./log-turns.ts";
import { readPage } from "./log-page.ts";
import type { Maintenance } from "./maintenance.ts";
import { appendBatch } from "./pending-append.ts";
import type { AppendTarget } from "./pending-append.ts";
import { RecordKind } from "./segment-format.ts";
import type { SegmentLog } from "./segment-log.ts";
import { logName, packRecord } from "./series.ts";
import type { LogSeries, RecordSeries } from "./series.ts";
import type { StoreDamage } from "./store-damage.ts";
import { takeSnapshot } from "./store-snapshot.ts";
import type { StoreSnapshot } from "./store-snapshot.ts";
import { openStore } from "./store-opening.ts";
import type { SegmentLogStoreOptions, StoreSession } from "./store-opening.ts";

/** Bytes of the segment that are kept for closing, cancelling and deleting while the disk is full. */
const controlBytes = 64 * 1024;

/**
 * The embedded durable store: one log of segment files for all channels, one writer, one sync for all that
 * arrives meanwhile. One program at a time may use a directory.
 */
export class SegmentLogStore implements Store {
  readonly manifest: StoreManifest;
  readonly #log: SegmentLog;
  readonly #session: StoreSession;
  readonly #maintenance: Maintenance;
  readonly #followers = new Followers();
  /** One write of a record at a time: it is judged by the state that the one before has left. */
  readonly #records = new KeyedQueue();
  readonly #turns = new LogTurns();
  readonly #appends: AppendTarget;
  readonly #damages: StoreDamage[];
  #closing: Promise<void> | undefined;

  /** Errors: `StoreOpenError`, `DecodeError` for files of another format, those of the file system. */
  static async open(options: SegmentLogStoreOptions): Promise<SegmentLogStore> {
    return new SegmentLogStore(await openStore(options));
  }

  private constructor(session: StoreSession) {
    const { log, maintenance, options } = session;
    this.#session = session;
    this.#log = log;
    this.#maintenance = maintenance;
    this.#damages = [...log.damages];
    this.manifest = {
      durable: true,
      shared: false,
      batchBytesMax: Math.floor(options.segmentBytes / 4),
    };
    this.#appends = {
      ...{ log, followers: this.#followers, turns: this.#turns },
      batchBytesMax: this.manifest.batchBytesMax,
      requireWritable: () => this.#requireWritable(),
      requireRoom: () => this.#requireRoom(),
    };
  }

  get failure(): Error | undefined {
    return this.#log.failure;
  }

  /** What was found to be damaged since it was opened; the newest thousand. */
  get damages(): readonly StoreDamage[] {
    return this.#damages;
  }

  async createRecord(record: ProcessRecord): Promise<Revision> {
    return await this.#records.run(record.id, async () => {
      this.#requireWritable();
      if (this.#log.state.records.has(record.id))
        throw new StoreRejection("conflict", `process ${record.id} has a record`);
      this.#requireRoom();
      return await this.#putRecord(this.#log.state.takeNumber(), record);
    });
  }

  async readRecord(processId: string): Promise<StoredRecord | undefined> {
    this.#requireOpen();
    const series = this.#log.state.records.get(processId);
    return series === undefined ? undefined : storedOf(series);
  }

  async updateRecord(record: ProcessRecord, expected: Revision): Promise<Revision> {
    return await this.#records.run(record.id, async () => {
      this.#requireWritable();
      return await this.#putRecord(this.#requireRecord(record.id, expected).number, record);
    });
  }

  async deleteRecord(processId: string, expected: Revision): Promise<void> {
    await this.#records.run(processId, async () => {
      this.#requireWritable();
      await this.#remove(this.#requireRecord(processId, expected));
      this.#followers.tellRecord(processId, undefined);
    });
  }

  async listRecords({
    after,
    limit,
  }: {
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    const { processIds, records } = this.#log.state;
    return processIds.after(after, limit).map((id) => storedOf(records.get(id) as RecordSeries));
  }

  async readHead(key: ChannelKey): Promise<StoredHead | undefined> {
    this.#requireOpen();
    const log = this.#log.state.logOf(key);
    if (log === undefined) return undefined;
    return { head: copyHead(this.#log.state.headOf(log)), revision: log.revision };
  }

  append(key: ChannelKey, batch: Batch, expected: Revision | undefined): Promise<Revision> {
    return appendBatch(this.#appends, key, batch, expected);
  }

  async readAfter(
    key: ChannelKey,
    after: number,
    limits: PageLimits,
  ): Promise<readonly MsgEntry[]> {
    this.#requireOpen();
    const log = this.#log.state.logOf(key);
    if (log === undefined) return [];
    const { state, segments } = this.#log;
    // As it is now: what is committed or trimmed meanwhile is for the next read.
    const { first, last } = state.headOf(log);
    try {
      return await readPage(segments, log, { first, last }, after, limits, (damage) =>
        this.#noteDamage(damage),
      );
    } catch (error) {
      this.#requireOpen();
      throw new StoreRejection("unavailable", "the log cannot be read", { cause: error });
    }
  }

  /** Nobody else commits here: what the caller does not know of was refused or is in its own hands. */
  async readCommits(key: ChannelKey, revision: Revision): Promise<readonly Commit[] | undefined> {
    this.#requireOpen();
    return this.#log.state.logOf(key)?.revision === revision ? [] : undefined;
  }

  async trim(key: ChannelKey): Promise<void> {
    this.#requireOpen();
    const log = this.#log.state.logOf(key);
    if (log === undefined) return;
    log.trimPlaces(this.#log.state.headOf(log).first);
    this.#maintenance.freed();
  }

  async removeLog(key: ChannelKey): Promise<void> {
    const { state } = this.#log;
    await this.#turns.run(logName(key), state.logOf(key), async () => {
      this.#requireWritable();
      const log = state.logOf(key);
      if (log === undefined) return;
      if (!state.headOf(log).isDeleted)
        throw new StoreRejection("conflict", "only a tombstoned log can be removed");
      await this.#remove(log);
    });
  }

  keptBytes(): number {
    return this.#log.state.keptBytes;
  }

  follow(key: ChannelKey, listener: (commit: Commit) => void): () => void {
    return this.#followers.followLog(logName(key), listener);
  }

  followRecords(
    listener: (processId: string, stored: StoredRecord | undefined) => void,
  ): () => void {
    return this.#followers.followRecords(listener);
  }

  /** Writes what the store knows, so that the next start is fast. Done by itself after each segment. */
  async checkpoint(): Promise<void> {
    this.#requireWritable();
    await this.#maintenance.checkpoint().catch(unavailable("no checkpoint could be written"));
  }

  /** Gives back the space of what was deleted and trimmed. Done by itself when it is worth it. */
  async compact(): Promise<void> {
    this.#requireWritable();
    await this.#maintenance.compact().catch(unavailable("not all could be compacted"));
  }

  /**
   * Hands out the files that make up the store as it is now, for a copy of them: none of them is replaced or
   * removed until `copy` is done, and of the last one only the given length counts.
   */
  async snapshot<Result>(copy: (snapshot: StoreSnapshot) => Promise<Result>): Promise<Result> {
    this.#requireWritable();
    return await this.#maintenance.undisturbed(async () => {
      await this.#log.flush();
      return await copy(takeSnapshot(this.#session));
    });
  }

  /** Waits for writes under way, leaves a checkpoint, and lets the next program in. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#records.idle(), this.#turns.idle()]);
    // What is under way without having been in a queue. A failure is told to those who wait for it.
    await this.#log.flush().catch(() => undefined);
    await this.#session.close();
  }

  async #putRecord(number: number, record: ProcessRecord): Promise<Revision> {
    const packed = packRecord(record);
    const body = Buffer.from(packed, "latin1");
    const content = { ...plain, kind: RecordKind.process, series: number };
    const revision = await this.#log.append({
      add: (builder) => builder.addBody(content, body),
      apply: (frame) => this.#log.state.putRecord(number, record.id, packed, frame),
    });
    this.#followers.tellRecord(record.id, { record, revision });
    return revision;
  }

  async #remove(series: LogSeries | RecordSeries): Promise<void> {
    const content = { ...plain, kind: RecordKind.removal, series: series.number };
    await this.#log.append({
      add: (builder) => builder.add(content, () => undefined),
      apply: () => this.#log.state.remove(series),
    });
    this.#maintenance.freed();
  }

  #requireRecord(processId: string, expected: Revision): RecordSeries {
    const series = this.#log.state.records.get(processId);
    if (series?.revision === expected) return series;
    throw new StoreRejection("conflict", `the record of ${processId} has another revision`);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new StoreRejection("failed", "the store was closed");
  }

  #requireWritable(): void {
    this.#requireOpen();
    if (this.#log.failure !== undefined) throw this.#log.failure;
    if (this.#log.isFull && this.#log.roomBytes < controlBytes) this.#refuseFull();
  }

  /** Data and new processes wait while the disk is full; what ends or deletes goes on. */
  #requireRoom(): void {
    if (this.#log.isFull) this.#refuseFull();
  }

  #refuseFull(): never {
    throw refusal(new ChannelError("store_full", { reason: "the disk is full" }));
  }

  #noteDamage(damage: StoreDamage): void {
    this.#damages.push(damage);
    if (this.#damages.length > damagesMax) this.#damages.shift();
    const { file, offset, reason } = damage;
    this.#session.options.onError(new Error(`${file} is damaged at ${offset}: ${reason}`), {
      stage: "read",
    });
  }
}

const damagesMax = 1_000;

/** A record without entries. */
const plain = { first: 0, entryCount: 0, frame: 0 };

function storedOf({ record, revision }: RecordSeries): StoredRecord {
  return { record, revision };
}

/** The log has everything, and the store goes on: what failed may be tried again. */
function unavailable(message: string): (cause: unknown) => never {
  return (cause) => {
    throw cause instanceof StoreRejection
      ? cause
      : new StoreRejection("unavailable", message, { cause });
  };
}
