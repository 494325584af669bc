import { applyBatch, createHead } from "../channel-head.ts";
import type { ChannelHead } from "../channel-head.ts";
import { ChannelLog } from "../channel-log.ts";
import type { LogListener } from "../channel-log.ts";
import { createDeferred } from "../deferred.ts";
import type { Deferred } from "../deferred.ts";
import type { MsgEntry } from "../entry.ts";
import { ChannelError } from "../errors.ts";
import { compareBytesMax } from "../limits.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";
import type { ProducerState } from "../producers.ts";
import { StoreRejection } from "../store.ts";
import type { Batch, ChannelKey, Commit, PageLimits, Revision } from "../store.ts";
import { judgeCall, lastCommitted, requireOpen, requireRoom } from "./admission.ts";
import type { Admitted, LogState } from "./admission.ts";
import { cutPosition } from "./batch-cut.ts";
import { openLog } from "./log-opening.ts";
import type { AppendCall } from "./append-call.ts";
import { createDataBatch, createMarkerBatch } from "./batch-builder.ts";
import type { OpenProcess } from "./open-process.ts";
import { isRejection, toChannelError } from "./store-error.ts";

type MarkerKind = "fence" | "seal" | "tombstone";

/** What is done between two batches, one at a time: write a marker, or catch up with what others wrote. */
interface Errand {
  readonly kind: MarkerKind | "refresh";
  readonly settled: Deferred<void>;
}

const batchIdLength = 16;
const noop = (): void => undefined;

/**
 * One channel with its log's head in memory: stages calls, hands batches to the store one at a time, and
 * shows them when they are durable. What arrives during a write is the next batch.
 */
export class OpenChannel {
  readonly key: ChannelKey;
  readonly spec: ResolvedChannelSpec;
  readonly #process: OpenProcess;
  #head: ChannelHead = createHead("", 0);
  #log = new ChannelLog();
  #revision: Revision | undefined;
  #unfollow: (() => void) | undefined;
  /** Staged calls in order of admission; those of the batch under way come first. */
  #calls: AppendCall[] = [];
  #errands: Errand[] = [];
  #refreshing: Errand | undefined;
  #staged = new Map<string, ProducerState>();
  #stagedBytes = 0;
  /** Term of the record that all staged calls were admitted under. */
  #admittedTerm = 0;
  #isWriting = false;
  /** Somebody else wrote, or a write is in doubt: catch up before the next write. */
  #isBehind = false;
  /** A repeat is being compared with older entries: calls that come meanwhile wait, to stay in order. */
  #judging: Promise<unknown> | undefined;
  /** Id of the batch that the store has not answered yet. */
  #batchUnderWay = "";

  private constructor(process: OpenProcess, spec: ResolvedChannelSpec) {
    this.#process = process;
    this.spec = spec;
    this.key = { life: process.record.life, processId: process.record.id, channel: spec.name };
  }

  /** Reads the head, or writes the opening batch where a crash came before it. */
  static async open(process: OpenProcess, spec: ResolvedChannelSpec): Promise<OpenChannel> {
    const channel = new OpenChannel(process, spec);
    // Follow first: what is committed between the two is then known to be missing.
    channel.#unfollow = process.store.follow(channel.key, (commit) =>
      channel.#noticeCommit(commit),
    );
    try {
      await channel.#load();
      return channel;
    } catch (error) {
      channel.#unfollow();
      throw error;
    }
  }

  get head(): Readonly<ChannelHead> {
    return this.#head;
  }

  get visible(): number {
    return this.#log.visible;
  }

  get first(): number {
    return this.#log.first;
  }

  attach(listener: LogListener): void {
    this.#log.attach(listener);
  }

  detach(listener: LogListener): void {
    this.#log.detach(listener);
  }

  dispose(): void {
    this.#unfollow?.();
  }

  /** Admits and stages; resolves when all of the call is durable. Rejects with a ChannelError. */
  async append(call: AppendCall): Promise<void> {
    // Calls are admitted in the order in which they came: whoever comes later waits with those who wait.
    while (this.#isBehind || this.#judging !== undefined) await (this.#judging ?? this.refresh());
    let admitted = this.#judge(call);
    if (admitted.needsOlder) {
      const reading = this.#readOlder();
      this.#judging = reading.then(noop, noop);
      try {
        admitted = this.#judge(call, await reading);
      } finally {
        this.#judging = undefined;
      }
    }
    for (const holder of admitted.waitsFor) call.waitsFor.add(holder);
    if (admitted.added.length === 0) {
      this.#process.takeRepeats(call.caller.identity, admitted.outcomes.length);
      call.outcomes = admitted.outcomes;
    } else {
      this.#requireStageable(call, admitted);
      this.#stage(call, admitted);
      this.#startWriting();
      await call.settled.promise;
    }
    for (const holder of call.waitsFor) await holder.settled.promise;
  }

  /** Visible entries after a position: from memory, or from the store where memory begins later. */
  readAfter(after: number, limits: PageLimits): readonly MsgEntry[] | Promise<readonly MsgEntry[]> {
    if (after >= this.#log.visible) return [];
    const from = Math.max(after, this.#log.first - 1);
    if (from + 1 >= this.#log.windowFirst) return this.#log.read(from, limits);
    return this.#readStored(from, limits);
  }

  /** Makes sure that the view is not older than this call. Shared by those who ask at the same time. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#addErrand("refresh");
    return this.#refreshing.settled.promise;
  }

  /** Writes an entry-less batch that brings the term of the record, the end, or the deletion into the log. */
  async mark(kind: MarkerKind): Promise<void> {
    if (!this.#hasMark(kind)) await this.#addErrand(kind).settled.promise;
  }

  #addErrand(kind: Errand["kind"]): Errand {
    const errand = { kind, settled: createDeferred() };
    this.#errands.push(errand);
    this.#startWriting();
    return errand;
  }

  #hasMark(kind: MarkerKind): boolean {
    if (kind === "tombstone") return this.#head.isDeleted;
    return kind === "seal"
      ? this.#head.seal !== undefined
      : this.#head.term >= this.#process.record.term;
  }

  async #readStored(after: number, limits: PageLimits): Promise<readonly MsgEntry[]> {
    const entries = await this.#process.store.readAfter(this.key, after, limits);
    // The store may be ahead of what this broker has shown; the marks decide what is visible.
    const { visible } = this.#log;
    const last = entries.at(-1);
    return last === undefined || last.position <= visible
      ? entries
      : entries.filter(({ position }) => position <= visible);
  }

  #judge(call: AppendCall, olderEntries?: readonly MsgEntry[]): Admitted {
    this.#process.requireAppend(call, this.spec, lastCommitted(call, this.#head));
    return judgeCall(call, this.#state(olderEntries), this.#process.limits, this.#process.now());
  }

  /** The entries before those in memory, as far as a repeat is compared. */
  #readOlder(): Promise<readonly MsgEntry[]> {
    const { windowFirst, first } = this.#log;
    const from = Math.max(first, windowFirst - this.#process.limits.readEntriesMax) - 1;
    return this.#process.store.readAfter(this.key, from, {
      entriesMax: windowFirst - 1 - from,
      bytesMax: compareBytesMax,
    });
  }

  #state(olderEntries?: readonly MsgEntry[]): LogState {
    return {
      spec: this.spec,
      head: this.#head,
      log: this.#log,
      staged: this.#staged,
      stagedBytes: this.#stagedBytes,
      callOf: (entry) => this.#calls.find((call) => call.added.some((added) => added === entry)),
      olderEntries,
    };
  }

  /** Closed, rate, fullness, in the seed's order; tokens are taken last, so that a refusal takes none. */
  #requireStageable(call: AppendCall, admitted: Admitted): void {
    const state = this.#state();
    requireOpen(call, state, this.key.processId, this.#process.isClosing);
    this.#process.requireRate(call.caller.identity, admitted.added.length);
    requireRoom(admitted, state);
    this.#process.requireBudget(admitted.addedBytes);
    this.#process.takeRate(call.caller.identity, admitted.added.length);
  }

  #stage(call: AppendCall, admitted: Admitted): void {
    if (this.#calls.length === 0) this.#admittedTerm = this.#process.record.term;
    call.outcomes = admitted.outcomes;
    call.added = admitted.added;
    call.addedBytes = admitted.addedBytes;
    for (const entry of admitted.added) this.#log.stage(entry, admitted.late.has(entry));
    for (const [key, state] of admitted.producers) this.#staged.set(key, state);
    this.#calls.push(call);
    this.#countStaged(admitted.addedBytes);
  }

  #countStaged(bytes: number): void {
    this.#stagedBytes += bytes;
    this.#process.budget.stagedBytes += bytes;
  }

  #startWriting(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    // After this turn's other appends, so that they share the first batch.
    queueMicrotask(() => void this.#write());
  }

  async #write(): Promise<void> {
    let hasFailed = false;
    while (this.#calls.length > 0 || this.#errands.length > 0 || (this.#isBehind && !hasFailed)) {
      try {
        if (this.#isBehind) await this.#catchUp();
        hasFailed = false;
        if (this.#admittedTerm !== this.#process.record.term) this.#admitAgain();
        const errand = this.#errands[0];
        if (errand !== undefined) await this.#run(errand);
        else if (this.#calls.length > 0) await this.#writeData();
      } catch (error) {
        // Nothing of this is known to be written or refused for good: in doubt, for everybody who waits.
        hasFailed = true;
        this.#isBehind = true;
        if (isRejection(error, "failed")) this.#process.storeFailed(error);
        this.#failAll(toChannelError(error));
        this.#process.reportError(error, "append");
      }
    }
    this.#isWriting = false;
  }

  async #run(errand: Errand): Promise<void> {
    const { kind } = errand;
    if (kind === "refresh") {
      // Whoever asks from here on may want to know of something later.
      this.#refreshing = undefined;
      await this.#catchUp();
    } else if (!this.#hasMark(kind)) {
      const batch = createMarkerBatch(
        kind,
        this.#process.randomId(batchIdLength),
        this.#head,
        this.#process.record,
      );
      const refusal = await this.#submit(batch);
      // Undone by a conflict: this errand stays first in line.
      if (refusal === undefined && !this.#hasMark(kind)) return;
      if (refusal !== undefined) errand.settled.reject(refusal);
    }
    this.#errands.shift();
    errand.settled.resolve();
  }

  async #writeData(): Promise<void> {
    const { limits } = this.#process;
    const { store } = this.#process;
    const bytesMax = Math.min(limits.batchBytesMax, store.manifest.batchBytesMax);
    const isSmall = this.#stagedBytes <= bytesMax;
    const cut = cutPosition(this.#log, this.#calls, {
      entriesMax: limits.batchEntriesMax,
      bytesMax,
      isSmall,
    });
    const entries = this.#log.handOver(cut);
    const id = this.#process.randomId(batchIdLength);
    const context = { spec: this.spec, limits, now: this.#process.now() };
    const batch = createDataBatch(id, this.#head, this.#process.record, entries, context);
    const calls = this.#handedOver();
    const refusal = await this.#submit(batch);
    if (refusal === undefined) return;
    this.#calls = this.#calls.filter((call) => call.added[0]?.position === 0);
    this.#admitAgain();
    for (const call of calls) call.settled.reject(refusal);
  }

  /** Calls whose entries have positions, but are not committed: those of the batch under way. */
  #handedOver(): readonly AppendCall[] {
    return this.#calls.filter((call) => (call.added[0]?.position ?? 0) > 0);
  }

  /**
   * Hands a batch to the store and takes the answer in. Returns an error where those who wait for it must
   * be told so; undefined where it is in, or where it lost to another writer and is to be tried again.
   */
  async #submit(batch: Batch): Promise<ChannelError | undefined> {
    this.#batchUnderWay = batch.id;
    try {
      this.#commit(batch, await this.#process.store.append(this.key, batch, this.#revision));
      return undefined;
    } catch (error) {
      if (!(error instanceof StoreRejection) || error.kind === "failed") throw error;
      if (error.kind === "refused") return toChannelError(error);
      const isIn = await this.#catchUp(batch.id);
      if (isIn || error.kind === "conflict") return undefined;
      // It may still get in: this is no refusal, and nobody is told that it is not there.
      this.#isBehind = true;
      return new ChannelError(
        "unavailable",
        { reason: "the store has not confirmed this write" },
        { cause: error },
      );
    } finally {
      this.#batchUnderWay = "";
    }
  }

  #commit(batch: Batch, revision: Revision): void {
    const done = batch.kind === "data" ? this.#handedOver() : [];
    const trims = batch.logicalFirst > this.#head.first;
    applyBatch(this.#head, batch);
    this.#revision = revision;
    this.#countStaged(-batch.bytes);
    if (done.length > 0) this.#calls = this.#calls.filter((call) => call.added[0]?.position === 0);
    if (this.#calls.length === 0) this.#staged.clear();
    this.#log.commit(this.#head.last);
    this.#log.trim(this.#head.first);
    for (const call of done) call.settled.resolve();
    if (trims)
      this.#process.store
        .trim(this.key)
        .catch((error: unknown) => this.#process.reportError(error, "trim"));
    if (batch.kind === "data") return;
    // Who stands behind a fence or seal is judged by it; readers look for the end.
    this.#admitAgain();
    this.#log.wake();
  }

  #failAll(error: ChannelError): void {
    const calls = this.#calls;
    this.#calls = [];
    this.#admitAgain();
    for (const call of calls) call.settled.reject(error);
    for (const errand of this.#errands.splice(0)) errand.settled.reject(error);
    this.#refreshing = undefined;
  }

  /** Takes everything staged back and judges it anew, in order, against the log as it is now. */
  #admitAgain(): void {
    if (this.#calls.length > 0 || this.#log.last > this.#log.visible) this.#log.rollback();
    const calls = this.#calls;
    this.#calls = [];
    this.#staged.clear();
    this.#countStaged(-this.#stagedBytes);
    this.#admittedTerm = this.#process.record.term;
    for (const call of calls) {
      try {
        this.#process.requireAppend(call, this.spec, lastCommitted(call, this.#head), {
          isAgain: true,
        });
        const state = this.#state([]);
        const admitted = judgeCall(call, state, this.#process.limits, this.#process.now());
        call.outcomes = admitted.outcomes;
        for (const holder of admitted.waitsFor) call.waitsFor.add(holder);
        if (admitted.added.length === 0) {
          call.settled.resolve();
          continue;
        }
        requireOpen(call, state, this.key.processId, this.#process.isClosing);
        requireRoom(admitted, state);
        this.#stage(call, admitted);
      } catch (error) {
        call.settled.reject(toChannelError(error));
      }
    }
  }

  #noticeCommit(commit: Commit): void {
    if (commit.revision === this.#revision || commit.batch.id === this.#batchUnderWay) return;
    // While a write is under way its answer decides; what others wrote around it is read after that.
    if (this.#isWriting || this.#revision === undefined) this.#isBehind = true;
    else if (this.#isBehind)
      this.refresh().catch((error: unknown) => this.#process.reportError(error, "follow"));
    else this.#applyForeign([commit]);
  }

  /** Reads what others committed. Returns whether the batch of that id is in. */
  async #catchUp(batchId?: string): Promise<boolean> {
    // What is committed from here on is noticed again, also while this reads.
    this.#isBehind = false;
    const commits =
      this.#revision === undefined
        ? undefined
        : await this.#process.store.readCommits(this.key, this.#revision);
    if (commits === undefined) {
      await this.#load();
      return false;
    }
    const [first] = commits;
    // A batch in doubt can only stand directly behind the head that it expected.
    const isIn = first !== undefined && first.batch.id === batchId;
    if (isIn) this.#commit(first.batch, first.revision);
    const foreign = isIn ? commits.slice(1) : commits;
    if (foreign.length > 0) this.#applyForeign(foreign);
    else if (!isIn) this.#admitAgain();
    return isIn;
  }

  #applyForeign(commits: readonly Commit[]): void {
    const news: MsgEntry[] = [];
    for (const { batch, revision } of commits) {
      applyBatch(this.#head, batch);
      this.#revision = revision;
      news.push(...batch.entries);
    }
    this.#log.rebase(news, this.#head);
    this.#admitAgain();
  }

  async #load(): Promise<void> {
    const { head, revision } = await openLog(
      this.#process,
      this.key,
      (id) => (this.#batchUnderWay = id),
    );
    this.#head = head;
    this.#revision = revision;
    this.#log.rebase([], this.#head);
    this.#admitAgain();
  }
}
