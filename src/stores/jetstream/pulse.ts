import { cutOffMs, StoreRejection } from "../../core/store.ts";
import type { StreamState } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";

const pulseMs = 1_000;
/** A leader that was deposed knows by then: nats-server steps down 10 s after it has lost its majority. */
const deposedMs = 20_000;
/** Servers look for the last of very many records for some time: not with each answer. */
const answersPerRecordCheck = 3;

export interface PulseListener {
  /** Told what the leader of a stream says of it, each time that it can be relied on. */
  readonly onState: (stream: string, state: StreamState) => void;
  /** Told every few times the sequence of a stream's last record as its leader has it. */
  readonly onLastRecord: (stream: string, sequence: number) => void;
  /** Told each time that it has not answered, or cannot be relied on. */
  readonly onDoubt: (stream: string) => void;
  /** Told when a stream answers again after it was silent for too long. */
  readonly onReturn: (stream: string) => void;
}

/** Asks the leader of each stream once a second: a node that gets no answer must not say what it knows. */
export class Pulse {
  readonly #streams: ReadonlyMap<string, StreamPulse>;

  constructor(context: JetStreamContext, listener: PulseListener) {
    const { streams } = context.subjects;
    this.#streams = new Map(
      streams.map((stream) => [stream, new StreamPulse(context, listener, stream)]),
    );
  }

  /**
   * Whether that stream, or every stream where none is named, has not answered for too long, or has lost what it
   * had: then nothing that it says can be relied on.
   */
  isCutOff(stream?: string): boolean {
    if (stream !== undefined) return this.#streams.get(stream)?.isUsable !== true;
    for (const { isUsable } of this.#streams.values()) if (isUsable) return false;
    return true;
  }

  /** Whether a stream ends before what it had: nothing of it can be relied on. */
  hasLost(stream: string): boolean {
    return this.#streams.get(stream)?.hasLost === true;
  }

  /** A message was written to a stream. */
  noteWritten(stream: string, sequence: number): void {
    this.#streams.get(stream)?.noteWritten(sequence);
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
  }
}

class StreamPulse {
  readonly #context: JetStreamContext;
  readonly #listener: PulseListener;
  readonly #stream: string;
  /** Monotonic time of the last question that was answered. */
  #answeredAtMs: number;
  #answerCount = 0;
  /** Highest sequence that its leader has said, or given to what was written from here. */
  #lastSequence = 0;
  /** It has fewer messages than its leader has said before: an older copy, or a leader that was deposed. */
  #hasLost = false;
  /** Monotonic time of the first such answer. */
  #lostAtMs = 0;
  #isLostForGood = false;
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(context: JetStreamContext, listener: PulseListener, stream: string) {
    this.#context = context;
    this.#listener = listener;
    this.#stream = stream;
    this.#answeredAtMs = context.system.clock.monotonicMs();
    void this.#beat();
  }

  get isUsable(): boolean {
    return !this.isSilent && !this.#hasLost;
  }

  get hasLost(): boolean {
    return this.#hasLost;
  }

  get isSilent(): boolean {
    return this.#context.system.clock.monotonicMs() - this.#answeredAtMs > cutOffMs;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #beat(): Promise<void> {
    try {
      await this.#ask();
    } catch (error) {
      if (!this.#isClosed) {
        this.#context.reportError(error, "pulse");
        this.#listener.onDoubt(this.#stream);
      }
    }
    if (this.#isClosed) return;
    this.#timer = this.#context.system.clock.after(pulseMs, () => void this.#beat());
  }

  /** A message was written there. */
  noteWritten(sequence: number): void {
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
  }

  /** `known`: the highest sequence that was known before the leader was asked. */
  #compare({ lastSequence }: StreamState, known: number): void {
    const nowMs = this.#context.system.clock.monotonicMs();
    const hadLost = this.#hasLost;
    const isBefore = lastSequence < known;
    // No leader that was deposed answers for as long; and what others write in the place of what was lost must not
    // make it look whole again.
    if (isBefore && hadLost && nowMs - this.#lostAtMs >= deposedMs) this.#isLostForGood = true;
    this.#hasLost = isBefore || this.#isLostForGood;
    this.#lastSequence = Math.max(this.#lastSequence, lastSequence);
    if (!this.#hasLost || hadLost) return;
    this.#lostAtMs = nowMs;
    const what = `${this.#stream} ends at ${lastSequence} and has ended at ${known}`;
    const error = new StoreRejection(
      "unavailable",
      `${what}: if it was put back to an older copy, stop all nodes and run jobwire store reepoch`,
    );
    this.#context.reportError(error, "pulse");
  }

  async #ask(): Promise<void> {
    const { jetStream, subjects, system } = this.#context;
    const { onState, onDoubt, onLastRecord, onReturn } = this.#listener;
    // What the answer says was so at some time after this.
    const askedAtMs = system.clock.monotonicMs();
    const known = this.#lastSequence;
    const state = await jetStream.readState(this.#stream);
    if (this.#isClosed) return;
    const wasSilent = this.isSilent;
    this.#answeredAtMs = askedAtMs;
    this.#compare(state, known);
    if (wasSilent) onReturn(this.#stream);
    if (this.#hasLost) return onDoubt(this.#stream);
    onState(this.#stream, state);
    if (++this.#answerCount % answersPerRecordCheck !== 0) return;
    const last = await jetStream.readLast(this.#stream, subjects.recordsOf(this.#stream));
    if (!this.#isClosed) onLastRecord(this.#stream, last?.sequence ?? 0);
  }
}
