import { StoreRejection } from "../../core/store.ts";
import type {
  Batch,
  ChannelKey,
  ClosedProcesses,
  Commit,
  HeardListener,
  PageLimits,
  Revision,
  Store,
  StoredHead,
  StoredRecord,
  StoreManifest,
} from "../../core/store.ts";
import { defaultSystem } from "../../core/system.ts";
import type { System } from "../../core/system.ts";
import type { MsgEntry } from "../../core/entry.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import { HeardExecutors } from "./heard-executors.ts";
import { ClosedFronts } from "./closed-fronts.ts";
import { ChannelLogs } from "./channel-logs.ts";
import type { JetStream } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { LogReader } from "./log-reader.ts";
import { LogWriter } from "./log-writer.ts";
import { ProcessRecords } from "./process-records.ts";
import { Pulse } from "./pulse.ts";
import { toRejection } from "./rejection.ts";
import { StreamSizes } from "./stream-sizes.ts";
import { SweepLease } from "./sweep-lease.ts";
import type { Subjects } from "./subjects.ts";

export interface JetStreamStoreContext {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  readonly system?: System;
  /** Time after which a write without an answer is given up as in doubt, in milliseconds. */
  readonly settleMs?: number;
  /** Takes the lease for sweeps only where no node wants it. */
  readonly isPatient?: boolean;
  /** Told of every failure that nobody waits for. */
  readonly onError?: (error: unknown, context: { readonly stage: string }) => void;
}

/** Part of a message that is entries; the rest is for what describes them. */
const entriesPart = 3 / 4;

/** Keeps records and logs in streams of JetStream. Any number of brokers may share them. */
export class JetStreamStore implements Store {
  readonly manifest: StoreManifest;
  readonly closedProcesses: ClosedProcesses;
  readonly #jetStream: JetStream;
  readonly #logs: ChannelLogs;
  readonly #records: ProcessRecords;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #sizes: StreamSizes;
  readonly #heard: HeardExecutors;
  readonly #pulse: Pulse;
  readonly #lease: SweepLease;
  readonly #subjects: Subjects;
  #isClosed = false;

  constructor({
    jetStream,
    subjects,
    system = defaultSystem,
    settleMs = 15_000,
    isPatient = false,
    onError = () => undefined,
  }: JetStreamStoreContext) {
    const batchBytesMax = Math.floor(jetStream.messageBytesMax * entriesPart);
    this.manifest = { durable: true, shared: true, batchBytesMax };
    this.#jetStream = jetStream;
    this.#subjects = subjects;
    const context: JetStreamContext = {
      ...{ jetStream, subjects, system, settleMs },
      reportError: (error, stage) => onError(error, { stage }),
    };
    this.#logs = new ChannelLogs(context, (stream) => !this.#pulse.hasLost(stream));
    this.#records = new ProcessRecords(context);
    this.closedProcesses = new ClosedFronts(context, (stream) =>
      this.#records.lastSequence(stream),
    );
    this.#heard = new HeardExecutors(context);
    this.#reader = new LogReader(jetStream);
    this.#sizes = new StreamSizes(subjects.streams);
    this.#pulse = new Pulse(context, {
      onState: (stream, state) => {
        this.#sizes.take(stream, state);
        this.#logs.takeState(stream, state);
      },
      onDoubt: (stream) => this.#logs.doubt(stream),
      onLastRecord: (stream, sequence) => this.#records.expect(stream, sequence),
      onReturn: (stream) => {
        this.#heard.missed();
        this.#records.followAgain(stream);
      },
    });
    const isUsable = (stream: string): boolean => !this.#pulse.isCutOff(stream);
    this.#lease = new SweepLease(context, { isUsable, isPatient });
    this.#writer = new LogWriter(context, this.#logs, {
      batchBytesMax,
      onWritten: (stream, message) => {
        this.#sizes.add(stream, message);
        this.#pulse.noteWritten(stream, message.sequence);
      },
    });
  }

  async createRecord(record: ProcessRecord): Promise<Revision> {
    this.#requireOpen();
    return this.#records.create(record);
  }

  async readRecord(processId: string): Promise<StoredRecord | undefined> {
    this.#requireOpen();
    return this.#records.read(processId);
  }

  async updateRecord(record: ProcessRecord, expected: Revision): Promise<Revision> {
    this.#requireOpen();
    return this.#records.update(record, expected);
  }

  async deleteRecord(processId: string, expected: Revision): Promise<void> {
    this.#requireOpen();
    await this.#records.delete(processId, expected);
  }

  async listRecords({
    after,
    limit,
  }: {
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    return this.#records.list(after, limit);
  }

  async visitRecords(visit: (stored: StoredRecord) => void): Promise<void> {
    this.#requireOpen();
    await this.#records.visit(visit);
  }

  async readHead(key: ChannelKey): Promise<StoredHead | undefined> {
    this.#requireOpen();
    return (await this.#logs.refresh(this.#logs.open(key)))?.stored;
  }

  async append(key: ChannelKey, batch: Batch, expected: Revision | undefined): Promise<Revision> {
    this.#requireOpen();
    return this.#writer.append(this.#logs.open(key), batch, expected);
  }

  async readAfter(
    key: ChannelKey,
    after: number,
    limits: PageLimits,
  ): Promise<readonly MsgEntry[]> {
    this.#requireOpen();
    const log = this.#logs.open(key);
    // Of a log that is followed the view is kept up to date, and its entries below the head do not change.
    const isKnown = log.followerCount > 0 && log.view !== undefined && after < log.view.head.last;
    const view = isKnown ? log.view : await this.#logs.refresh(log);
    if (view === undefined) return [];
    return this.#reader.readAfter(log, view, after, limits).catch(rethrow);
  }

  async readCommits(key: ChannelKey, revision: Revision): Promise<readonly Commit[] | undefined> {
    this.#requireOpen();
    const view = await this.#logs.refresh(this.#logs.open(key));
    return view?.commitsAfter(revision);
  }

  /** Removes whole messages that are before the first entry and before the last whole head. */
  async trim(key: ChannelKey): Promise<void> {
    this.#requireOpen();
    const log = this.#logs.open(key);
    const view = log.view ?? (await this.#logs.refresh(log));
    if (view === undefined) return;
    const { first, last } = view.head;
    const { revision, headSequence } = view;
    const kept =
      first > last ? revision : await this.#reader.sequenceOf(log, view, first).catch(rethrow);
    if (kept === undefined) return;
    await this.#purge(log.stream, log.subject, Math.min(kept, headSequence, revision));
  }

  async removeLog(key: ChannelKey): Promise<void> {
    this.#requireOpen();
    const log = this.#logs.open(key);
    const view = await this.#logs.refresh(log);
    if (view === undefined) return;
    if (!view.head.isDeleted)
      throw new StoreRejection("conflict", "only a tombstoned log can be removed");
    // The tombstone stays: a late opening must not begin the log anew.
    await this.#purge(log.stream, log.subject, view.sequence);
  }

  keptBytes(): number {
    return this.#sizes.bytes;
  }

  follow(key: ChannelKey, listener: (commit: Commit) => void): () => void {
    return this.#logs.follow(key, listener);
  }

  followRecords(
    listener: (processId: string, stored: StoredRecord | undefined) => void,
  ): () => void {
    return this.#records.follow(listener);
  }

  isCutOff(processId?: string): boolean {
    return this.#pulse.isCutOff(processId && this.#subjects.streamOf(processId));
  }

  holdsSweepLease(): boolean {
    return this.#lease.isHeld;
  }

  tellHeard(processId: string, assignTerm: number): void {
    this.#heard.tell(processId, assignTerm);
  }

  followHeard(listener: HeardListener): () => void {
    return this.#heard.follow(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pulse.close();
    this.#heard.close();
    this.#logs.close();
    this.#records.close();
    await this.#lease.close();
    await this.#jetStream.close();
  }

  async #purge(stream: string, subject: string, below: number): Promise<void> {
    try {
      await this.#jetStream.purgeBelow(stream, subject, below);
      this.#sizes.take(stream, await this.#jetStream.readState(stream));
    } catch (error) {
      throw toRejection(error);
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new StoreRejection("failed", "the store was closed");
  }
}

function rethrow(error: unknown): never {
  throw toRejection(error);
}
