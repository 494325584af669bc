import { applyBatch, createHead } from "../channel-head.ts";
import type { ChannelHead } from "../channel-head.ts";
import { ChannelLog } from "../channel-log.ts";
import type { LogListener } from "../channel-log.ts";
import { createDeferred } from "../deferred.ts";
import type { MsgEntry } from "../entry.ts";
import { unavailable, type ChannelError } from "../errors.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";
import { StoreRejection } from "../store.ts";
import type { Batch, ChannelKey, Commit, PageLimits, Revision } from "../store.ts";
import { openLog } from "./log-opening.ts";
import type { Admitted } from "./admission.ts";
import type { Errand } from "./errand.ts";
import { finalOutcomes } from "./append-call.ts";
import type { AppendCall } from "./append-call.ts";
import { createDataBatch, createMarkerBatch, hasMarker } from "./batch-builder.ts";
import type { MarkerKind } from "./batch-builder.ts";
import { LogReader } from "./log-reader.ts";
import type { BudgetHolder } from "./memory-budget.ts";
import type { OpenProcess } from "./open-process.ts";
import { Staging } from "./staging.ts";
import { isRejection, toChannelError } from "./store-error.ts";
import type { UseCount } from "./use-count.ts";

const batchIdLength = 16;
const noop = (): void => undefined;

/**
 * One channel with its log's head in memory: stages calls, hands batches to the store one at a time, and
 * shows them when they are durable. What arrives during a write is the next batch. It is in use while it
 * writes and while readers are attached; whoever calls anything else sees to it that it is.
 */
export class OpenChannel implements BudgetHolder {
  readonly key: ChannelKey;
  readonly spec: ResolvedChannelSpec;
  readonly #process: OpenProcess;
  #head: ChannelHead = createHead("", 0);
  readonly #log = new ChannelLog();
  readonly #reader: LogReader;
  readonly #uses: UseCount;
  #revision: Revision | undefined;
  #unfollow: (() => void) | undefined;
  readonly #staging: Staging;
  #errands: Errand[] = [];
  #refreshing: Errand | undefined;
  #isWriting = false;
  /** Somebody else wrote, or a write is in doubt: catch up before the next write. */
  #isBehind = false;
  /** A repeat is being compared with older entries: calls that come meanwhile wait, to stay in order. */
  #judging: Promise<unknown> | undefined;
  /** What others wrote is being read. */
  #catchingUp: Promise<unknown> | undefined;
  /** Id of the batch that the store has not answered yet. */
  #batchUnderWay = "";
  #isDisposed = false;

  private constructor(process: OpenProcess, spec: ResolvedChannelSpec, uses: UseCount) {
    this.#process = process;
    this.#uses = uses;
    this.spec = spec;
    this.key = { life: process.record.life, processId: process.record.id, channel: spec.name };
    this.#staging = new Staging(process, spec, this.#log, () => this.#head);
    this.#reader = new LogReader(process, this.key, this.#log, this);
  }

  /** Reads the head, or writes the opening batch where a crash came before it. */
  static async open(
    process: OpenProcess,
    spec: ResolvedChannelSpec,
    uses: UseCount,
  ): Promise<OpenChannel> {
    const channel = new OpenChannel(process, spec, uses);
    // Follow first: what is committed between the two is then known to be missing.
    channel.#unfollow = process.store.follow(channel.key, (commit) =>
      channel.#noticeCommit(commit),
    );
    try {
      await channel.#load();
      return channel;
    } catch (error) {
      channel.dispose();
      throw toChannelError(error);
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
    this.#uses.enter();
    this.#log.attach(listener);
  }

  /** Twice is harmless. */
  detach(listener: LogListener): void {
    if (this.#log.detach(listener)) this.#uses.leave();
  }

  /** Lets go of committed entries in memory: the store has them. */
  shrink(bytes: number): number {
    // What a repeat was not found among must not change until it was compared with what is older.
    return this.#judging === undefined ? this.#log.shrink(bytes) : 0;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#unfollow?.();
    this.#process.windows.use(this, 0);
    this.#reader.dispose();
  }

  /** Admits and stages; resolves when all of the call is durable. Rejects with a ChannelError. */
  async append(call: AppendCall): Promise<void> {
    let admitted: Admitted | undefined;
    for (let isFresh = false; admitted === undefined; isFresh = true) {
      // Calls are admitted in the order in which they came: whoever comes later waits with those who wait.
      while (this.#isBehind || this.#judging !== undefined || this.#catchingUp !== undefined)
        await (this.#judging ?? this.#catchingUp ?? this.refresh());
      try {
        admitted = this.#staging.judge(call);
      } catch (error) {
        // What others wrote is known before anything is refused.
        const about = `${this.spec.name} ${call.entries[0]?.producer} ${call.term}`;
        if (isFresh || !(await this.#process.isStale(call.caller, error, about))) throw error;
        await this.refresh();
      }
    }
    if (admitted.missing.length > 0) {
      const reading = this.#reader.readOlder(admitted.missing);
      this.#judging = reading.then(noop, noop);
      try {
        admitted = this.#staging.judge(call, await reading);
      } finally {
        this.#judging = undefined;
      }
    }
    for (const holder of admitted.waitsFor) call.waitsFor.add(holder);
    if (admitted.added.length === 0) {
      this.#process.rates.takeRepeats(call.caller.identity, admitted.outcomes.length);
      call.outcomes = admitted.outcomes;
    } else {
      this.#staging.admit(call, admitted);
      this.#startWriting();
      await call.settled.promise;
    }
    for (const holder of call.waitsFor) await holder.settled.promise;
    call.outcomes = finalOutcomes(call);
  }

  /** Visible entries after a position: from memory, or from the store where memory begins later. */
  readAfter(after: number, limits: PageLimits): readonly MsgEntry[] | Promise<readonly MsgEntry[]> {
    const page = this.#reader.readAfter(after, limits);
    if (!(page instanceof Promise)) this.#countWindow();
    return page;
  }

  /** Makes sure that the view is not older than this call. Shared by those who ask at the same time. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#addErrand("refresh");
    return this.#refreshing.settled.promise;
  }

  /**
   * As `refresh`, without waiting for a write that is under way unless others have written, or somebody has
   * seen a later position: it may be that write's.
   */
  look(position = 0): Promise<void> {
    if (!this.#isWriting || this.#revision === undefined || position > this.visible)
      return this.refresh();
    return this.#reader.look(this.#revision, this.#batchUnderWay);
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
    return hasMarker(kind, this.#head, this.#process.record);
  }

  #startWriting(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#uses.enter();
    // After this turn's other appends, so that they share the first batch.
    queueMicrotask(() => void this.#write());
  }

  async #write(): Promise<void> {
    let hasFailed = false;
    while (this.#hasWork() || (this.#isBehind && !hasFailed)) {
      try {
        if (this.#isBehind) await this.#catchUp();
        hasFailed = false;
        await this.#process.catchUpWith(this.#head.term);
        this.#staging.followAuthority();
        const errand = this.#errands[0];
        if (errand !== undefined) await this.#run(errand);
        else if (!this.#staging.isEmpty) await this.#writeData();
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
    this.#uses.leave();
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
    const { record, limits } = this.#process;
    const entries = this.#staging.handOver();
    const calls = this.#staging.handedOver();
    const context = { spec: this.spec, limits, now: this.#process.now() };
    const id = this.#process.randomId(batchIdLength);
    const refusal = await this.#submit(createDataBatch(id, this.#head, record, entries, context));
    if (refusal === undefined) return;
    this.#staging.drop(calls);
    for (const call of calls) call.settled.reject(refusal);
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
      // It may still get in: this is no refusal, and nobody is told that it is not there.
      let doubt: ChannelError | undefined;
      if (error.kind === "unavailable")
        doubt = unavailable("the store has not confirmed this write", error);
      this.#staging.setDoubt(doubt);
      const isIn = await this.#catchUp(batch.id);
      if (isIn || doubt === undefined) return undefined;
      this.#isBehind = true;
      return doubt;
    } finally {
      this.#staging.setDoubt(undefined);
      this.#batchUnderWay = "";
    }
  }

  #commit(batch: Batch, revision: Revision): void {
    const trims = batch.logicalFirst > this.#head.first;
    applyBatch(this.#head, batch);
    this.#revision = revision;
    const done = batch.kind === "data" ? this.#staging.commit(batch.bytes) : [];
    this.#log.commit(this.#head.last);
    this.#log.trim(this.#head.first);
    for (const call of done) call.settled.resolve();
    if (trims) this.#process.store.trim(this.key).catch(this.#process.reporter("trim"));
    if (batch.kind !== "data") {
      // Who stands behind a fence or seal is judged by it; readers look for the end.
      this.#staging.admitAgain();
      this.#log.wake();
    }
    this.#countWindow();
  }

  /** The channel was used: its window is among the last to go. */
  #countWindow(): void {
    if (!this.#isDisposed)
      this.#process.windows.use(this, this.#log.windowBytes - this.#staging.bytes);
  }

  #failAll(error: ChannelError): void {
    for (const call of this.#staging.dropAll()) call.settled.reject(error);
    for (const errand of this.#errands.splice(0)) errand.settled.reject(error);
    this.#refreshing = undefined;
  }

  #hasWork(): boolean {
    return !this.#staging.isEmpty || this.#errands.length > 0;
  }

  #noticeCommit(commit: Commit): void {
    if (this.#isDisposed) return;
    if (commit.revision === this.#revision || commit.batch.id === this.#batchUnderWay) return;
    // While a write is under way its answer decides; what others wrote around it is read after that.
    if (this.#isWriting || this.#revision === undefined) this.#isBehind = true;
    // One that does not follow: some in between were not reported.
    else if (this.#isBehind || commit.batch.first !== this.#head.last + 1)
      this.refresh().catch(this.#process.reporter("follow"));
    else this.#applyForeign([commit]);
  }

  /** Reads what others committed. Returns whether the batch of that id is in. */
  async #catchUp(batchId?: string): Promise<boolean> {
    const reading = this.#takeInNews(batchId);
    this.#catchingUp = reading.then(noop, noop);
    try {
      return await reading;
    } finally {
      this.#catchingUp = undefined;
    }
  }

  async #takeInNews(batchId: string | undefined): Promise<boolean> {
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
    else if (!isIn) this.#staging.admitAgain();
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
    this.#staging.admitAgain();
    this.#countWindow();
  }

  async #load(): Promise<void> {
    const stored =
      this.#revision === undefined
        ? await openLog(this.#process, this.key, (id) => (this.#batchUnderWay = id))
        : await this.#process.store.readHead(this.key);
    if (stored === undefined) {
      // A log that was there is removed only after its tombstone.
      this.#head.isDeleted = true;
      this.#staging.admitAgain();
      this.#log.wake();
      return;
    }
    const { head, revision } = stored;
    // In a new epoch the same positions may hold other entries.
    if (head.epoch !== this.#head.epoch) this.#log.forget(this.#log.visible);
    this.#head = head;
    this.#revision = revision;
    this.#log.rebase([], this.#head);
    this.#staging.admitAgain();
    this.#countWindow();
  }
}
