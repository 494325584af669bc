import type { ByteMark, ChannelHead } from "./channel-head.ts";
import type { ChannelError } from "./errors.ts";
import type { MsgEntry } from "./entry.ts";
import type { Outcome, ProcessRecord } from "./process-record.ts";
import type { ProducerKey, ProducerState } from "./producers.ts";

/**
 * Opaque version of a record or head, compared for equality only. A store never gives the same revision
 * to two versions of one thing, also not after a delete.
 */
export type Revision = string | number;

/** A channel as a store finds it. The life, not the process id, tells a re-created process apart. */
export interface ChannelKey {
  readonly life: string;
  readonly processId: string;
  readonly channel: string;
}

/**
 * The unit that a store keeps: all of it or nothing. Only `data` carries entries and takes positions.
 * `open` starts a log, `fence` raises its term, `seal` is its end, `tombstone` says that its process was deleted.
 */
export interface Batch {
  /** Random; tells whether an append in doubt got in. */
  readonly id: string;
  readonly kind: "open" | "data" | "fence" | "seal" | "tombstone";
  readonly epoch: string;
  readonly term: number;
  /** Position of the first entry; for other kinds the position that the next entry would take. */
  readonly first: number;
  readonly entries: readonly MsgEntry[];
  /** Bytes of the entries by `entryBytes`. */
  readonly bytes: number;
  /** First position that readers still get, once this batch is in. Decided by the appender from the head. */
  readonly logicalFirst: number;
  /** Bytes of all entries before `logicalFirst`, counted since the log began. */
  readonly trimmedBytes: number;
  /** New places where a later batch may trim. */
  readonly marks: readonly ByteMark[];
  /** New state of each producer that this batch touches; decided by the appender, carried by the store. */
  readonly producers: readonly ProducerState[];
  /** Producers that are forgotten with this batch. */
  readonly forgottenProducers: readonly ProducerKey[];
  /** Outcome of the process, in a seal. */
  readonly outcome?: Outcome;
}

export interface StoredHead {
  readonly head: ChannelHead;
  readonly revision: Revision;
}

export interface StoredRecord {
  readonly record: ProcessRecord;
  readonly revision: Revision;
}

/**
 * Why a store did not do what was asked.
 * `conflict`: the expected revision is not the current one; nothing was written.
 * `refused`: nothing was written, and `cause` (a ChannelError) says why; the same call may succeed later if its code is retryable.
 * `unavailable`: in doubt. It may have been written, or may yet be; the caller reads a fresh head before it decides anything.
 * `failed`: the store has stopped for good and accepts no more writes until it is opened anew.
 */
export type RejectionKind = "conflict" | "refused" | "unavailable" | "failed";

export class StoreRejection extends Error {
  readonly kind: RejectionKind;

  constructor(kind: "refused", message: string, options: { cause: ChannelError });
  constructor(
    kind: Exclude<RejectionKind, "refused">,
    message: string,
    options?: { cause?: unknown },
  );
  constructor(kind: RejectionKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreRejection";
    this.kind = kind;
  }
}

/** A closed process as far as its expiry needs it: the rest of it is in the store only. */
export interface ClosedProcess {
  readonly id: string;
  /** Wall time in milliseconds since 1970. */
  readonly closedAt: number;
}

/** Closed and settled processes, those first that closed first, but for those whose record has changed since. */
export interface ClosedProcesses {
  /**
   * Takes out the first one, if it closed no later than that (wall time). It may name one that is gone. Rejects
   * with `StoreRejection`, and then nothing was taken.
   */
  takeFirst(closedUntil: number): Promise<ClosedProcess | undefined> | ClosedProcess | undefined;
  /** Puts one back that was taken out. Twice is harmless. */
  add(process: ClosedProcess): void;
}

/** What a store promises and takes; the store suite holds it to the truth of each field. */
export interface StoreManifest {
  /** Survives the end of this program. */
  readonly durable: boolean;
  /** Several brokers may use it at the same time; `follow…` then reports what others commit. */
  readonly shared: boolean;
  /** Largest batch by its `bytes`; a larger one is refused as `batch_too_large`. */
  readonly batchBytesMax: number;
}

export interface PageLimits {
  /** At least one entry is returned however large it is, if there is one. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

/** A batch that was committed, by whoever. */
export interface Commit {
  readonly key: ChannelKey;
  readonly batch: Batch;
  readonly revision: Revision;
}

/** After that time without its store a node says `unavailable` rather than anything that may be out of date. */
export const cutOffMs = 5_000;

/** Hears what others who share a store tell of executors. */
export interface HeardListener {
  /** Another node has heard the executor that the process was given with this term. */
  heard(processId: string, assignTerm: number): void;
  /** Some of what others told since the last call may be lost: silence says nothing of that time. */
  missed(): void;
}

/**
 * Where records and logs are kept. A store carries and orders; it decides nothing about authority,
 * sequences or limits. All methods reject with `StoreRejection` and nothing else.
 *
 * What a resolved promise says holds from then on for every later call, whoever makes it, and survives
 * whatever the manifest promises. Calls for different keys are independent; calls for one key made
 * without waiting take effect in the order made. Nothing handed in is changed by the store, and nothing
 * handed out may be changed by the caller.
 */
export interface Store {
  readonly manifest: StoreManifest;
  /** Why the store has stopped for good, where it can stop while nobody waits for a write. */
  readonly failure?: Error | undefined;

  /** Adds a record. `conflict` if the id has one, also one that is being deleted. */
  createRecord(record: ProcessRecord): Promise<Revision>;
  /** Fresh: reflects every write that was acknowledged before the call. */
  readRecord(processId: string): Promise<StoredRecord | undefined>;
  /** Replaces the record at exactly this revision, else `conflict`, also where it is gone. */
  updateRecord(record: ProcessRecord, expected: Revision): Promise<Revision>;
  /** Removes the record at exactly this revision, else `conflict`. */
  deleteRecord(processId: string, expected: Revision): Promise<void>;
  /** Records in order of process id, from the first id greater than `after`. */
  listRecords(page: {
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]>;

  /**
   * Shows every record that is there at the call, in any order; one that changes meanwhile perhaps again. Left out
   * by a store that lists them as fast.
   */
  visitRecords?(visit: (stored: StoredRecord) => void): Promise<void>;
  /** Those in the store, in the order in which they expire. Left out by a store whose broker keeps them in memory. */
  readonly closedProcesses?: ClosedProcesses;

  /** Fresh, as `readRecord`. Undefined where no opening batch (or tombstone) was ever written, or it was removed. */
  readHead(key: ChannelKey): Promise<StoredHead | undefined>;
  /**
   * Adds a batch at exactly the expected head, else `conflict`. `undefined` expects that there is no log
   * yet and goes with kinds `open` and `tombstone` only. Refused with `process_closed`: anything but a
   * tombstone after a seal, anything after a tombstone. Refused with `executor_fenced`: a term below the
   * head's. Resolves when the batch is as durable as the manifest promises.
   */
  append(key: ChannelKey, batch: Batch, expected: Revision | undefined): Promise<Revision>;
  /** Entries with a position greater than `after`, from the first kept one, in order, up to the limits. */
  readAfter(key: ChannelKey, after: number, limits: PageLimits): Promise<readonly MsgEntry[]>;
  /**
   * Everything committed after `revision`, oldest first, of all kinds, or undefined when that is no longer
   * known in full (the caller then starts from `readHead`).
   */
  readCommits(key: ChannelKey, revision: Revision): Promise<readonly Commit[] | undefined>;
  /** Allows the removal of entries before the head's first position. Lazy: readers never notice. */
  trim(key: ChannelKey): Promise<void>;
  /** Removes the log of a tombstoned channel. A key that is unknown is a success. */
  removeLog(key: ChannelKey): Promise<void>;

  /** Bytes of all entries kept, by `entryBytes`. */
  keptBytes(): number;
  /** Reports every commit to the channel from now on, once, in order. Returns what ends it. */
  follow(key: ChannelKey, listener: (commit: Commit) => void): () => void;
  /** Reports every new, changed and deleted (record undefined) record from now on. Returns what ends it. */
  followRecords(
    listener: (processId: string, stored: StoredRecord | undefined) => void,
  ): () => void;

  /**
   * Whether what others commit to a process, or to any where none is named, may not have been heard of for
   * longer than `cutOffMs`. Left out by a store that cannot be cut off from what it is kept in.
   */
  isCutOff?(processId?: string): boolean;
  /**
   * Whether this node is the one that closes, expires and deletes processes which nobody asks for. Left out by a
   * store that one node has for itself.
   */
  holdsSweepLease?(): boolean;
  /**
   * Tells others who share the store that the executor of this term was heard. Not written, and lost where
   * nobody listens.
   */
  tellHeard?(processId: string, assignTerm: number): void;
  /** Reports what others tell. Returns what ends it. */
  followHeard?(listener: HeardListener): () => void;

  /** Ends the store; later calls reject `failed`. Twice is harmless. */
  close(): Promise<void>;
}
