import { ChannelError } from "../../core/errors.ts";
import type { MsgEntry } from "../../core/entry.ts";
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
import { MemoryLog } from "./memory-log.ts";

export interface MemoryStoreOptions {
  /** Largest batch, in bytes by `entryBytes`. */
  readonly batchBytesMax?: number;
  /** Bytes of all entries together; beyond it data is refused as `store_full`. */
  readonly storeBytesMax?: number;
}

/** Keeps everything in this program's memory and loses it with it. Several brokers may share one. */
export class MemoryStore implements Store {
  readonly manifest: StoreManifest;
  readonly #storeBytesMax: number;
  readonly #records = new Map<string, StoredRecord>();
  /** Ids in order, made anew after a record came or went. */
  #sortedIds: string[] | undefined;
  readonly #logs = new Map<string, MemoryLog>();
  readonly #followers = new Map<string, Set<(commit: Commit) => void>>();
  readonly #recordFollowers = new Set<
    (processId: string, stored: StoredRecord | undefined) => void
  >();
  #keptBytes = 0;
  /** One count for everything, so that no revision is ever given twice. */
  #revision = 0;
  #isClosed = false;

  constructor({ batchBytesMax = Infinity, storeBytesMax = Infinity }: MemoryStoreOptions = {}) {
    if (!(batchBytesMax > 0))
      throw new RangeError(`batchBytesMax must be above 0, got ${batchBytesMax}`);
    if (!(storeBytesMax >= 0))
      throw new RangeError(`storeBytesMax must be at least 0, got ${storeBytesMax}`);
    this.manifest = { durable: false, shared: true, batchBytesMax };
    this.#storeBytesMax = storeBytesMax;
  }

  async createRecord(record: ProcessRecord): Promise<Revision> {
    this.#requireOpen();
    if (this.#records.has(record.id))
      throw new StoreRejection("conflict", `process ${record.id} has a record`);
    this.#sortedIds = undefined;
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
    this.#sortedIds = undefined;
    tell(this.#recordFollowers, (follower) => follower(processId, undefined));
  }

  async listRecords({
    after,
    limit,
  }: {
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    this.#sortedIds ??= [...this.#records.keys()].sort();
    const from = firstGreater(this.#sortedIds, after);
    return this.#sortedIds
      .slice(from, from + limit)
      .map((id) => this.#records.get(id) as StoredRecord);
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
    this.#requireAcceptable(key, batch, log);
    const revision = ++this.#revision;
    const commit = log?.commit(key, batch, revision) ?? this.#openLog(key, batch, revision);
    this.#keptBytes += batch.bytes;
    const followers = this.#followers.get(keyOf(key));
    if (followers !== undefined) tell(followers, (follower) => follower(commit));
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
    const name = keyOf(key);
    const followers = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, followers);
    followers.add(listener);
    return () => {
      followers.delete(listener);
      if (followers.size === 0 && this.#followers.get(name) === followers)
        this.#followers.delete(name);
    };
  }

  followRecords(
    listener: (processId: string, stored: StoredRecord | undefined) => void,
  ): () => void {
    this.#recordFollowers.add(listener);
    return () => this.#recordFollowers.delete(listener);
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
    tell(this.#recordFollowers, (follower) => follower(record.id, stored));
    return stored.revision;
  }

  #requireRecord(processId: string, expected: Revision): void {
    if (this.#records.get(processId)?.revision === expected) return;
    throw new StoreRejection("conflict", `the record of ${processId} has another revision`);
  }

  #requireAcceptable(key: ChannelKey, batch: Batch, log: MemoryLog | undefined): void {
    if (log === undefined && batch.kind !== "open" && batch.kind !== "tombstone") {
      throw new StoreRejection("conflict", "there is no log yet");
    }
    const refuse = (cause: ChannelError): never => {
      throw new StoreRejection("refused", cause.message, { cause });
    };
    const { head } = log ?? {};
    if (head?.isDeleted === true || (head?.seal !== undefined && batch.kind !== "tombstone")) {
      refuse(new ChannelError("process_closed", { processId: key.processId }));
    }
    if (head !== undefined && batch.term < head.term) {
      refuse(new ChannelError("executor_fenced", { processId: key.processId, term: head.term }));
    }
    const { batchBytesMax: limitValue } = this.manifest;
    if (batch.bytes > limitValue) {
      refuse(
        new ChannelError("batch_too_large", {
          limit: "bytes",
          limitValue,
          actualValue: batch.bytes,
        }),
      );
    }
    if (batch.kind === "data" && this.#keptBytes + batch.bytes > this.#storeBytesMax) {
      refuse(
        new ChannelError("store_full", {
          reason: `the limit of ${this.#storeBytesMax} bytes is reached`,
        }),
      );
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new StoreRejection("failed", "the store was closed");
  }
}

function keyOf({ life, channel }: ChannelKey): string {
  return `${life}\n${channel}`;
}

/** A follower that throws keeps the news from nobody else; its error is reported as unhandled, not swallowed. */
function tell<Follower>(followers: Iterable<Follower>, call: (follower: Follower) => void): void {
  for (const follower of [...followers]) {
    try {
      call(follower);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function firstGreater(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] as string) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
