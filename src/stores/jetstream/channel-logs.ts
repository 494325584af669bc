import { Followers } from "../../core/followers.ts";
import { StoreRejection } from "../../core/store.ts";
import type { ChannelKey, Commit } from "../../core/store.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import type { StreamMessage, StreamState, TailMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { LogView } from "./log-view.ts";
import { decodeMessageOf } from "./message-codec.ts";
import type { ChannelMessage } from "./message-codec.ts";
import type { OpenLog } from "./open-log.ts";
import { RecentCommits } from "./recent-commits.ts";
import { toRejection } from "./rejection.ts";
import { TailCatchUp } from "./tail-catch-up.ts";
import { WorkQueue } from "./work-queue.ts";

const MiB = 1024 * 1024;
const recentBytesMax = 16 * MiB;
/** Logs remembered that nobody follows. */
const unfollowedMax = 1_000;
/** More messages than that are not read one by one to catch up: the head is read anew. */
const catchUpMax = 64;
/** What was heard while the leader was read is read as well; a leader that never has it is none. */
const readsUntilHeard = 8;
const firstLookMs = 1_000;
const longestLookMs = 300_000;
/** Reads at a time, of those that nobody waits for. */
const readsAtOnce = 64;

/** The logs that this node has to do with, kept up to date for those who follow them. */
export class ChannelLogs {
  readonly #context: JetStreamContext;
  readonly #isUsable: (stream: string) => boolean;
  readonly #logs = new Map<string, OpenLog>();
  readonly #followed = new Set<OpenLog>();
  /** The others, in the order of last use. */
  readonly #unfollowed = new Set<OpenLog>();
  readonly #followers = new Followers();
  readonly #recent = new RecentCommits(recentBytesMax);
  readonly #catchUp: TailCatchUp;
  /** Logs to be looked at: they may be very many at the same time. */
  readonly #looks = new WorkQueue<OpenLog>(readsAtOnce, (log) => this.#look(log));
  #lookTimer: { cancel(): void } | undefined;
  #isClosed = false;

  /** `isUsable`: whether a stream has what it had. */
  constructor(context: JetStreamContext, isUsable: (stream: string) => boolean) {
    this.#context = context;
    this.#isUsable = isUsable;
    this.#catchUp = new TailCatchUp(context, (...missed) => this.#readMissed(...missed));
    this.#scheduleLook();
  }

  open(key: ChannelKey): OpenLog {
    const { subjects } = this.#context;
    const subject = subjects.channelOf(key);
    const known = this.#logs.get(subject);
    if (known !== undefined) {
      if (this.#unfollowed.delete(known)) this.#unfollowed.add(known);
      return known;
    }
    const log: OpenLog = {
      key,
      subject,
      stream: subjects.streamOf(key.processId),
      view: undefined,
      followerCount: 0,
      tail: undefined,
      heard: 0,
      reading: undefined,
      nextReading: undefined,
      lookAtMs: 0,
      lookPauseMs: firstLookMs,
    };
    this.#logs.set(subject, log);
    this.#setAside(log);
    return log;
  }

  /** A view that is not older than the call; undefined where there is no log. Rejects with `unavailable`. */
  refresh(log: OpenLog): Promise<LogView | undefined> {
    log.nextReading ??= this.#readAfter(log, log.reading);
    return log.nextReading;
  }

  /** Takes in a message that was written from here, at `expected`. */
  takeOwn(log: OpenLog, message: ChannelMessage, sequence: number): void {
    const { view } = log;
    if (view === undefined && message.previous === 0 && message.kind === "batch") {
      log.view = LogView.begin(message.batch, sequence);
      this.#tell(log, { key: log.key, batch: message.batch, revision: sequence });
    } else if (view?.sequence === message.previous) this.#take(log, view, message, sequence);
    // Else the tail was faster, or a message in between is missing.
    else if (view !== undefined && view.sequence < sequence) this.#refreshLater(log);
  }

  follow(key: ChannelKey, listener: (commit: Commit) => void): () => void {
    const log = this.open(key);
    if (log.followerCount++ === 0) {
      this.#unfollowed.delete(log);
      this.#followed.add(log);
      const subject = this.#context.subjects.tailOf(log.subject);
      log.tail = this.#context.jetStream.tail(subject, (message) => this.#hear(log, message));
      log.tail.ready.catch(() => undefined);
      this.#lookSoon(log);
    }
    const leave = this.#followers.followLog(log.subject, listener);
    let hasLeft = false;
    return () => {
      leave();
      if (hasLeft || ((hasLeft = true), --log.followerCount > 0)) return;
      log.tail?.stop();
      log.tail = undefined;
      this.#followed.delete(log);
      this.#setAside(log);
    };
  }

  /** What the leader of a stream says of it, once a second. */
  takeState(stream: string, state: StreamState): void {
    this.#catchUp.take(stream, state);
  }

  /** A stream has not answered, or cannot be relied on: tails may miss messages meanwhile. */
  doubt(stream: string): void {
    this.#catchUp.noteLoss(stream);
  }

  close(): void {
    this.#isClosed = true;
    this.#catchUp.close();
    this.#lookTimer?.cancel();
    this.#looks.clear();
    for (const log of this.#followed) log.tail?.stop();
    this.#followed.clear();
    this.#unfollowed.clear();
    this.#logs.clear();
  }

  async #readAfter(
    log: OpenLog,
    reading: Promise<unknown> | undefined,
  ): Promise<LogView | undefined> {
    await reading?.catch(() => undefined);
    log.reading = log.nextReading;
    log.nextReading = undefined;
    try {
      if (!this.#isUsable(log.stream)) throw behind(log);
      // What is written after this is heard: so nothing falls between what is read and what is told.
      await log.tail?.ready;
      for (let count = 0; count < readsUntilHeard; count++) {
        if (!(await this.#readNews(log))) return undefined;
        if (log.view !== undefined && log.view.sequence >= log.heard) return log.view;
      }
      throw behind(log);
    } catch (error) {
      throw toRejection(error);
    } finally {
      if (log.nextReading === undefined) log.reading = undefined;
    }
  }

  /** Whether there is a log. */
  async #readNews(log: OpenLog): Promise<boolean> {
    const known = log.view?.sequence ?? 0;
    const isDeleted = log.view?.head.isDeleted === true;
    const last = await this.#context.jetStream.readLast(log.stream, log.subject);
    // Nothing follows a tombstone, which is removed in the end: by whoever looks after what is left of processes.
    if (last === undefined && isDeleted) {
      log.view = undefined;
      log.heard = 0;
      return false;
    }
    // Any other last message of a log stays: whoever has not that of the view is a deposed leader.
    if ((last?.sequence ?? 0) < known) throw behind(log);
    if (last === undefined) return log.heard > 0;
    const message = decodeMessageOf(last);
    for (let count = 0; log.view !== undefined && count < catchUpMax; count++) {
      const { view } = log;
      if (view.sequence >= last.sequence) return true;
      if (message.previous === view.sequence) this.#take(log, view, message, last.sequence);
      else if (!(await this.#takeNext(log, view))) break;
    }
    const loaded = await this.#load(log, last, message);
    const commit = log.view && (await this.#readLastCommit(log, message, last.sequence));
    // The tail may have gone further meanwhile.
    if (log.view !== undefined && log.view.sequence >= loaded.sequence) return true;
    log.view = loaded;
    if (commit !== undefined) this.#tell(log, commit);
    return true;
  }

  /** Takes in the message behind the view, if it is the one that follows. */
  async #takeNext(log: OpenLog, view: LogView): Promise<boolean> {
    const { sequence } = view;
    const next = await this.#readNext(log, sequence + 1);
    if (next === undefined || log.view !== view) return false;
    const message = decodeMessageOf(next);
    // The tail may have been faster.
    if (view.sequence !== sequence) return true;
    if (message.previous !== sequence) return false;
    this.#take(log, view, message, next.sequence);
    return true;
  }

  async #load(log: OpenLog, last: StreamMessage, message: ChannelMessage): Promise<LogView> {
    if (message.kind === "head" || message.head !== undefined)
      return viewFrom(message, last.sequence);
    let at = message.headSequence;
    let view: LogView | undefined;
    while (view === undefined || view.sequence < last.sequence) {
      const next = await this.#readNext(log, at);
      if (next === undefined) throw incomplete(log);
      const read = decodeMessageOf(next);
      if (view === undefined) view = viewFrom(read, next.sequence);
      else if (read.previous !== view.sequence) throw incomplete(log);
      else this.#apply(log, view, read, next.sequence);
      at = next.sequence + 1;
    }
    return view;
  }

  /** For followers who missed more than is told again: they see that they did. */
  async #readLastCommit(log: OpenLog, message: ChannelMessage, sequence: number): Promise<Commit> {
    if (message.kind === "batch") return { key: log.key, batch: message.batch, revision: sequence };
    const next = await this.#readNext(log, message.batchSequence);
    const read = next && decodeMessageOf(next);
    if (read?.kind !== "batch") throw incomplete(log);
    return { key: log.key, batch: read.batch, revision: message.batchSequence };
  }

  #readNext(log: OpenLog, from: number): Promise<StreamMessage | undefined> {
    return this.#context.jetStream.readNext(log.stream, log.subject, from);
  }

  #hear(log: OpenLog, { sequence, previous, data }: TailMessage): void {
    // In an older copy its number may be that of a message which was lost.
    if (!this.#isUsable(log.stream)) return;
    log.heard = Math.max(log.heard, sequence);
    const { view } = log;
    // Whoever reads the view will look at what was heard.
    if (view === undefined || sequence <= view.sequence) return;
    if (previous !== view.sequence) {
      this.#refreshLater(log);
      return;
    }
    try {
      this.#take(log, view, decodeMessageOf({ subject: log.subject, sequence, data }), sequence);
    } catch (error) {
      this.#context.reportError(error, "tail");
    }
  }

  #take(log: OpenLog, view: LogView, message: ChannelMessage, sequence: number): void {
    const commit = this.#apply(log, view, message, sequence);
    if (commit !== undefined) this.#tell(log, commit);
  }

  #apply(
    log: OpenLog,
    view: LogView,
    message: ChannelMessage,
    sequence: number,
  ): Commit | undefined {
    const commit = view.apply(log.key, message, sequence);
    if (commit !== undefined) this.#recent.add(view.recent, commit);
    return commit;
  }

  #tell(log: OpenLog, commit: Commit): void {
    this.#lookSoon(log);
    this.#followers.tellCommit(log.subject, commit);
  }

  #refreshLater(log: OpenLog): void {
    this.refresh(log).catch((error: unknown) => this.#context.reportError(error, "tail"));
  }

  #lookSoon(log: OpenLog): void {
    log.lookPauseMs = firstLookMs;
    log.lookAtMs = this.#context.system.clock.monotonicMs() + firstLookMs;
  }

  /** A lost message shows as a gap when the next one comes; a lost last one is only found by looking. */
  #scheduleLook(): void {
    const { clock } = this.#context.system;
    this.#lookTimer = clock.after(firstLookMs, () => {
      const now = clock.monotonicMs();
      for (const log of this.#followed) {
        if (log.view === undefined || log.lookAtMs > now) continue;
        log.lookPauseMs = Math.min(log.lookPauseMs * 2, longestLookMs);
        log.lookAtMs = now + log.lookPauseMs;
        this.#looks.add(log);
      }
      this.#scheduleLook();
    });
  }

  async #look(log: OpenLog): Promise<void> {
    if (log.followerCount === 0) return;
    try {
      await this.refresh(log);
    } catch (error) {
      if (this.#isClosed) return;
      // Nothing was learned. Of an outage the pulse tells.
      if (isOutage(error)) this.#lookSoon(log);
      else this.#context.reportError(error, "look");
    }
  }

  /** Has the logs of a stream read that are followed and may have news, each until it was read. */
  #readMissed(stream: string, changed: ReadonlyMap<string, number> | undefined): void {
    const lastOn = (subject: string): number =>
      changed === undefined ? Infinity : (changed.get(subject) ?? 0);
    for (const log of this.#followed) {
      if (log.stream !== stream || (log.view?.sequence ?? Infinity) >= lastOn(log.subject))
        continue;
      this.#lookSoon(log);
      this.#looks.add(log);
    }
  }

  #setAside(log: OpenLog): void {
    this.#unfollowed.add(log);
    if (this.#unfollowed.size <= unfollowedMax) return;
    for (const each of this.#unfollowed) {
      if (each === log || each.reading !== undefined) continue;
      this.#unfollowed.delete(each);
      this.#logs.delete(each.subject);
      each.view?.recent.forgetAll();
      return;
    }
  }
}

function viewFrom(message: ChannelMessage, sequence: number): LogView {
  if (message.head === undefined)
    throw new StoreRejection("unavailable", `message ${sequence} has no head`);
  const revision = message.kind === "head" ? message.batchSequence : sequence;
  return new LogView(message.head, { sequence, revision });
}

function behind({ stream }: OpenLog): StoreRejection {
  return new StoreRejection("unavailable", `the leader of ${stream} is behind its messages`);
}

function incomplete({ subject }: OpenLog): StoreRejection {
  return new StoreRejection("unavailable", `messages of ${subject} are missing`);
}

function isOutage(error: unknown): boolean {
  return error instanceof StoreRejection && error.cause instanceof JetStreamFailure;
}
