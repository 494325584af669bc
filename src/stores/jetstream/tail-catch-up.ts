import { changedSubjects } from "./changed-subjects.ts";
import type { StreamState } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { toRejection } from "./rejection.ts";

/** What a stream has taken is sent to the tails within this time, or not at all. */
const latestTailMs = 5_000;

/**
 * Told of the channels of a stream on which there may be messages that the tails have missed: by subject, with
 * the sequence of the last message; undefined, all channels. Resolves when they are read.
 */
export type OnMissed = (
  stream: string,
  changed: ReadonlyMap<string, number> | undefined,
) => Promise<void>;

/** Finds what tails have missed: while the connection was lost, or a stream changed its leader. */
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

  close(): void {
    this.#offReconnect();
    for (const stream of this.#streams.values()) stream.close();
  }
}

class TailedStream {
  readonly #context: JetStreamContext;
  readonly #stream: string;
  readonly #onMissed: OnMissed;
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
  #isClosed = false;

  constructor(context: JetStreamContext, stream: string, onMissed: OnMissed) {
    this.#context = context;
    this.#stream = stream;
    this.#onMissed = onMissed;
  }

  async take({ lastSequence, leader }: StreamState): Promise<void> {
    const isDeposed = this.#leader !== undefined && leader !== this.#leader;
    this.#leader = leader;
    // One who dies has not sent on all that it has taken.
    if (isDeposed) return this.catchUp();
    if (this.#foundLoss < this.#losses) return this.#find();
    await this.#advance(lastSequence);
  }

  /** Tails may have missed messages. */
  catchUp(): Promise<void> {
    this.#losses++;
    this.#written = [];
    return this.#find();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** What was written some time ago has come by now, if the connection for tails is alive. */
  async #advance(lastSequence: number): Promise<void> {
    const { jetStream, system } = this.#context;
    const nowMs = system.clock.monotonicMs();
    this.#written.push({ sequence: lastSequence, atMs: nowMs });
    const losses = this.#losses;
    try {
      await jetStream.flushTails();
    } catch {
      // The connection says by itself when it is lost.
      return;
    }
    if (this.#losses !== losses) return;
    const isOld = this.#written.findLastIndex(({ atMs }) => atMs <= nowMs - latestTailMs);
    if (isOld === -1) return;
    const [old] = this.#written.splice(0, isOld + 1).slice(-1);
    this.#heardUpTo = old?.sequence;
  }

  /** Until nothing is missing. What fails is tried again with the next sign of the leader. */
  async #find(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    try {
      while (this.#foundLoss < this.#losses && !this.#isClosed) {
        const losses = this.#losses;
        const changed =
          this.#heardUpTo === undefined
            ? undefined
            : await changedSubjects(this.#context, this.#stream, this.#heardUpTo);
        await this.#onMissed(this.#stream, changed);
        this.#foundLoss = losses;
      }
    } catch (error) {
      if (!this.#isClosed) this.#context.reportError(toRejection(error), "reconnect");
    } finally {
      this.#isCatchingUp = false;
    }
  }
}
