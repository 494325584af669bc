import { cutOffMs } from "../../core/store.ts";
import type { StreamState } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";

const pulseMs = 1_000;
/** Servers look for the last of very many records for some time: not with each answer. */
const answersPerRecordCheck = 3;

export interface PulseListener {
  /** Told what the leader of a stream says of it, each time. */
  readonly onState: (stream: string, state: StreamState) => void;
  /** Told every few times the sequence of a stream's last record as its leader has it. */
  readonly onLastRecord: (stream: string, sequence: number) => void;
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

  /** Whether that stream, or every stream where none is named, has not answered for too long. */
  isCutOff(stream?: string): boolean {
    if (stream !== undefined) return this.#streams.get(stream)?.isSilent !== false;
    for (const { isSilent } of this.#streams.values()) if (!isSilent) return false;
    return true;
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
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(context: JetStreamContext, listener: PulseListener, stream: string) {
    this.#context = context;
    this.#listener = listener;
    this.#stream = stream;
    this.#answeredAtMs = context.system.clock.monotonicMs();
    void this.#beat();
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
      if (!this.#isClosed) this.#context.reportError(error, "pulse");
    }
    if (this.#isClosed) return;
    this.#timer = this.#context.system.clock.after(pulseMs, () => void this.#beat());
  }

  async #ask(): Promise<void> {
    const { jetStream, subjects, system } = this.#context;
    const { onState, onLastRecord, onReturn } = this.#listener;
    // What the answer says was so at some time after this.
    const askedAtMs = system.clock.monotonicMs();
    const state = await jetStream.readState(this.#stream);
    if (this.#isClosed) return;
    const wasSilent = this.isSilent;
    this.#answeredAtMs = askedAtMs;
    if (wasSilent) onReturn(this.#stream);
    onState(this.#stream, state);
    if (++this.#answerCount % answersPerRecordCheck !== 0) return;
    const last = await jetStream.readLast(this.#stream, subjects.recordsOf(this.#stream));
    if (!this.#isClosed) onLastRecord(this.#stream, last?.sequence ?? 0);
  }
}
