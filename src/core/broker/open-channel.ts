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
import { StoreRejection } from "../store.ts";
import type { Batch, ChannelKey, Commit, PageLimits, Revision } from "../store.ts";
import { openLog } from "./log-opening.ts";
import { finalOutcome } from "./append-call.ts";
import type { AppendCall } from "./append-call.ts";
import { createDataBatch, createMarkerBatch } from "./batch-builder.ts";
import type { OpenProcess } from "./open-process.ts";
import { Staging } from "./staging.ts";
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
  readonly #log = new ChannelLog();
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

  private constructor(process: OpenProcess, spec: ResolvedChannelSpec) {
    this.#process = process;
    this.spec = spec;
    this.key = { life: process.record.life, processId: process.record.id, channel: spec.name };
    this.#staging = new Staging(process, spec, this.#log, () => this.#head);
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
    // What others wrote is known before anything is refused.
    while (this.#isBehind || this.#judging !== undefined || this.#catchingUp !== undefined)
      await (this.#judging ?? this.#catchingUp ?? this.refresh());
    let admitted = this.#staging.judge(call);
    if (admitted.needsOlder) {
      const reading = this.#readOlder();
      this.#judging = reading.then(noop, noop);
      try {
        admitted = this.#staging.judge(call, await reading);
      } finally {
        this.#judging = undefined;
      }
    }
    for (const holder of admitted.waitsFor) call.waitsFor.add(holder);
    if (admitted.added.length === 0) {
      this.#process.takeRepeats(call.caller.identity, admitted.outcomes.length);
      call.outcomes = admitted.outcomes;
    } else {
      this.#staging.admit(call, admitted);
      this.#startWriting();
      await call.settled.promise;
    }
    for (const holder of call.waitsFor) await holder.settled.promise;
    call.outcomes = call.outcomes.map((outcome) => finalOutcome(outcome, call.waitsFor));
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

  /** The entries before those in memory, as far as a repeat is compared. */
  #readOlder(): Promise<readonly MsgEntry[]> {
    const { windowFirst, first } = this.#log;
    const from = Math.max(first, windowFirst - this.#process.limits.readEntriesMax) - 1;
    return this.#process.store.readAfter(this.key, from, {
      entriesMax: windowFirst - 1 - from,
      bytesMax: compareBytesMax,
    });
  }

  #startWriting(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    // After this turn's other appends, so that they share the first batch.
    queueMicrotask(() => void this.#write());
  }

  async #write(): Promise<void> {
    let hasFailed = false;
    while (this.#hasWork() || (this.#isBehind && !hasFailed)) {
      try {
        if (this.#isBehind) await this.#catchUp();
        hasFailed = false;
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
    const trims = batch.logicalFirst > this.#head.first;
    applyBatch(this.#head, batch);
    this.#revision = revision;
    const done = batch.kind === "data" ? this.#staging.commit(batch.bytes) : [];
    this.#log.commit(this.#head.last);
    this.#log.trim(this.#head.first);
    for (const call of done) call.settled.resolve();
    if (trims) this.#process.store.trim(this.key).catch(this.#report("trim"));
    if (batch.kind === "data") return;
    // Who stands behind a fence or seal is judged by it; readers look for the end.
    this.#staging.admitAgain();
    this.#log.wake();
  }

  #failAll(error: ChannelError): void {
    for (const call of this.#staging.dropAll()) call.settled.reject(error);
    for (const errand of this.#errands.splice(0)) errand.settled.reject(error);
    this.#refreshing = undefined;
  }

  #hasWork(): boolean {
    return !this.#staging.isEmpty || this.#errands.length > 0;
  }

  #report(stage: string): (error: unknown) => void {
    return (error) => this.#process.reportError(error, stage);
  }

  #noticeCommit(commit: Commit): void {
    if (commit.revision === this.#revision || commit.batch.id === this.#batchUnderWay) return;
    // While a write is under way its answer decides; what others wrote around it is read after that.
    if (this.#isWriting || this.#revision === undefined) this.#isBehind = true;
    else if (this.#isBehind) this.refresh().catch(this.#report("follow"));
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
    this.#staging.admitAgain();
  }
}
