import { refusal, requireAcceptable } from "../../core/batch-acceptance.ts";
import { ChannelError } from "../../core/errors.ts";
import type { MsgEntry } from "../../core/entry.ts";
import { Followers } from "../../core/followers.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import { SortedTexts } from "../../core/sorted-texts.ts";
import { StoreRejection } from "../../core/store.ts";
import type {
  Batch,
  ChannelKey,
  Commit,
  HeardListener,
  PageLimits,
  Revision,
  Store,
  StoredHead,
  StoredRecord,
  StoreManifest,
} from "../../core/store.ts";
import { MemoryLog } from "./memory-log.ts";

export interface MemoryStoreOptions {
  /** Largest batch, in bytes by `entryBytes`. */
  readonly batchBytesMax?: number;
  /** Bytes of all entries together; beyond it data is refused as `store_full`. */
  readonly storeBytesMax?: number;
  /** False where only one broker uses it, which then need not look for what others wrote. By default true. */
  readonly shared?: boolean;
}

/** Keeps everything in this program's memory and loses it with it. Several brokers may share one. */
export class MemoryStore implements Store {
  readonly manifest: StoreManifest;
  readonly #storeBytesMax: number;
  readonly #records = new Map<string, StoredRecord>();
  readonly #ids = new SortedTexts();
  readonly #logs = new Map<string, MemoryLog>();
  readonly #followers = new Followers();
  readonly #heardListeners = new Set<HeardListener>();
  #keptBytes = 0;
  /** One count for everything, so that no revision is ever given twice. */
  #revision = 0;
  #isClosed = false;

  constructor({
    batchBytesMax = Infinity,
    storeBytesMax = Infinity,
    shared = true,
  }: MemoryStoreOptions = {}) {
    if (!(batchBytesMax > 0))
      throw new RangeError(`batchBytesMax must be above 0, got ${batchBytesMax}`);
    if (!(storeBytesMax >= 0))
      throw new RangeError(`storeBytesMax must be at least 0, got ${storeBytesMax}`);
    this.manifest = { durable: false, shared, batchBytesMax };
    this.#storeBytesMax = storeBytesMax;
  }

  async createRecord(record: ProcessRecord): Promise<Revision> {
    this.#requireOpen();
    if (this.#records.has(record.id))
      throw new StoreRejection("conflict", `process ${record.id} has a record`);
    this.#ids.add(record.id);
    return this.#putRecord(record);
  }

  async readRecord(processId: string): Promise<StoredRecord | undefined> {
    this.#requireOpen();
    return this.#records.get(processId);
  }

  async updateRecord(record: ProcessRecord, expected: Revision): Promise<Revision> {
    this.#requireOpen();
    this.#requireRecord(record.id, expected);
    return this.#putRecord(record);
  }

  async deleteRecord(processId: string, expected: Revision): Promise<void> {
    this.#requireOpen();
    this.#requireRecord(processId, expected);
    this.#records.delete(processId);
    this.#ids.delete(processId);
    this.#followers.tellRecord(processId, undefined);
  }

  async listRecords({
    after,
    limit,
  }: {
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    return this.#ids.after(after, limit).map((id) => this.#records.get(id) as StoredRecord);
  }

  async readHead(key: ChannelKey): Promise<StoredHead | undefined> {
    this.#requireOpen();
    return this.#logs.get(keyOf(key))?.stored;
  }

  async append(key: ChannelKey, batch: Batch, expected: Revision | undefined): Promise<Revision> {
    this.#requireOpen();
    const log = this.#logs.get(keyOf(key));
    if (log?.revision !== expected)
      throw new StoreRejection("conflict", "the head has another revision");
    requireAcceptable(key, batch, log?.head, this.manifest.batchBytesMax);
    this.#requireRoom(batch);
    const revision = ++this.#revision;
    const commit = log?.commit(key, batch, revision) ?? this.#openLog(key, batch, revision);
    this.#keptBytes += batch.bytes;
    this.#followers.tellCommit(keyOf(key), commit);
    return revision;
  }

  async readAfter(
    key: ChannelKey,
    after: number,
    limits: PageLimits,
  ): Promise<readonly MsgEntry[]> {
    this.#requireOpen();
    return this.#logs.get(keyOf(key))?.readAfter(after, limits) ?? [];
  }

  async readCommits(key: ChannelKey, revision: Revision): Promise<readonly Commit[] | undefined> {
    this.#requireOpen();
    return this.#logs.get(keyOf(key))?.commitsAfter(revision);
  }

  async trim(key: ChannelKey): Promise<void> {
    this.#requireOpen();
    this.#keptBytes -= this.#logs.get(keyOf(key))?.trim() ?? 0;
  }

  async removeLog(key: ChannelKey): Promise<void> {
    this.#requireOpen();
    const log = this.#logs.get(keyOf(key));
    if (log === undefined) return;
    if (!log.head.isDeleted)
      throw new StoreRejection("conflict", "only a tombstoned log can be removed");
    this.#keptBytes -= log.heldBytes();
    this.#logs.delete(keyOf(key));
  }

  keptBytes(): number {
    return this.#keptBytes;
  }

  follow(key: ChannelKey, listener: (commit: Commit) => void): () => void {
    return this.#followers.followLog(keyOf(key), listener);
  }

  followRecords(
    listener: (processId: string, stored: StoredRecord | undefined) => void,
  ): () => void {
    return this.#followers.followRecords(listener);
  }

  tellHeard(processId: string, assignTerm: number): void {
    for (const listener of this.#heardListeners) listener.heard(processId, assignTerm);
  }

  followHeard(listener: HeardListener): () => void {
    this.#heardListeners.add(listener);
    return () => this.#heardListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #openLog(key: ChannelKey, batch: Batch, revision: Revision): Commit {
    this.#logs.set(keyOf(key), new MemoryLog(key, batch, revision));
    return { key, batch, revision };
  }

  #putRecord(record: ProcessRecord): Revision {
    const stored = { record, revision: ++this.#revision };
    this.#records.set(record.id, stored);
    this.#followers.tellRecord(record.id, stored);
    return stored.revision;
  }

  #requireRecord(processId: string, expected: Revision): void {
    if (this.#records.get(processId)?.revision === expected) return;
    throw new StoreRejection("conflict", `the record of ${processId} has another revision`);
  }

  #requireRoom(batch: Batch): void {
    if (batch.kind !== "data" || this.#keptBytes + batch.bytes <= this.#storeBytesMax) return;
    const reason = `the limit of ${this.#storeBytesMax} bytes is reached`;
    throw refusal(new ChannelError("store_full", { reason }));
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new StoreRejection("failed", "the store was closed");
  }
}

function keyOf({ life, channel }: ChannelKey): string {
  return `${life}\n${channel}`;
}
