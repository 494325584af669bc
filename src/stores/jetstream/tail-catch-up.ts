import { changedSubjects } from "./changed-subjects.ts";
import type { StreamState } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { toRejection } from "./rejection.ts";

/** What a stream has taken is sent to the tails within this time, or not at all. */
const latestTailMs = 5_000;

/**
 * Told of the channels of a stream on which there may be messages that the tails have missed: by subject, with
 * the sequence of the last message; undefined, all channels.
 */
export type OnMissed = (stream: string, changed: ReadonlyMap<string, number> | undefined) => void;

/**
 * Finds what tails have missed: while a connection was lost, a stream was silent or changed its leader, or its
 * leader could not be reached over the connection for tails. What is lost between two such signs of life, a second
 * apart, is found by looking at each log.
 */
export class TailCatchUp {
  readonly #streams: ReadonlyMap<string, TailedStream>;
  readonly #offReconnect: () => void;

  constructor(context: JetStreamContext, onMissed: OnMissed) {
    const { jetStream, subjects } = context;
    this.#streams = new Map(
      subjects.streams.map((stream) => [stream, new TailedStream(context, stream, onMissed)]),
    );
    this.#offReconnect = jetStream.onReconnect(() => {
      for (const stream of this.#streams.values()) void stream.catchUp();
    });
  }

  /** What the leader of a stream says of it, once a second. */
  take(stream: string, state: StreamState): void {
    void this.#streams.get(stream)?.take(state);
  }

  /** Tails of a stream may miss messages: they are looked for when its leader answers again. */
  noteLoss(stream: string): void {
    this.#streams.get(stream)?.noteLoss();
  }

  close(): void {
    this.#offReconnect();
    for (const stream of this.#streams.values()) stream.close();
  }
}

class TailedStream {
  readonly #context: JetStreamContext;
  readonly #stream: string;
  readonly #onMissed: OnMissed;
  readonly #closing = new AbortController();
  #leader: string | undefined;
  /** What was written up to this sequence, the tails have told or this has found; undefined at first. */
  #heardUpTo: number | undefined;
  /** Last sequences that the leader has said since the last loss, with the monotonic times. */
  #written: { readonly sequence: number; readonly atMs: number }[] = [];
  /** Counts what may have taken messages from the tails. */
  #losses = 0;
  /** The last loss of which all is found. */
  #foundLoss = 0;
  #isCatchingUp = false;

  constructor(context: JetStreamContext, stream: string, onMissed: OnMissed) {
    this.#context = context;
    this.#stream = stream;
    this.#onMissed = onMissed;
  }

  async take({ lastSequence, leader = this.#leader }: StreamState): Promise<void> {
    // One who dies has not sent on all that it has taken.
    if (this.#leader !== undefined && leader !== this.#leader) this.noteLoss();
    this.#leader = leader;
    if (this.#foundLoss < this.#losses) await this.#find();
    else await this.#advance(lastSequence);
  }

  /** Tails may have missed messages. */
  noteLoss(): void {
    this.#losses++;
    this.#written = [];
  }

  /** As `noteLoss`, and looks for them now. */
  async catchUp(): Promise<void> {
    this.noteLoss();
    await this.#find();
  }

  close(): void {
    this.#closing.abort();
  }

  /** What was written some time ago has come by now, if the leader can be reached over the connection for tails. */
  async #advance(lastSequence: number): Promise<void> {
    const { jetStream, system } = this.#context;
    const nowMs = system.clock.monotonicMs();
    this.#written.push({ sequence: lastSequence, atMs: nowMs });
    const losses = this.#losses;
    try {
      await jetStream.flushTails(this.#stream);
    } catch {
      this.noteLoss();
      return;
    }
    if (this.#losses !== losses) return;
    const isOld = this.#written.findLastIndex(({ atMs }) => atMs <= nowMs - latestTailMs);
    if (isOld === -1) return;
    const [old] = this.#written.splice(0, isOld + 1).slice(-1);
    this.#heardUpTo = Math.max(this.#heardUpTo ?? 0, old?.sequence ?? 0);
  }

  /** Until nothing is missing. What fails is tried again with the next sign of the leader. */
  async #find(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    const { signal } = this.#closing;
    try {
      while (this.#foundLoss < this.#losses && !signal.aborted) {
        const losses = this.#losses;
        const { changed, last } = await changedSubjects(this.#context, {
          ...{ stream: this.#stream, after: this.#heardUpTo, signal },
        });
        this.#onMissed(this.#stream, changed);
        this.#heardUpTo = Math.max(this.#heardUpTo ?? 0, last);
        this.#foundLoss = losses;
      }
    } catch (error) {
      if (!signal.aborted) this.#context.reportError(toRejection(error), "reconnect");
    } finally {
      this.#isCatchingUp = false;
    }
  }
}
