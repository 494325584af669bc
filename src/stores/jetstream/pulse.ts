import { cutOffMs } from "../../core/store.ts";
import type { JetStreamContext } from "./jetstream-context.ts";

const pulseMs = 1_000;
/** Servers look for the last of very many records for some time: that is asked for now and then only. */
const pulsesPerRecordCheck = 15;

interface PulseListener {
  /** Told now and then the sequence of a stream's last record as its leader has it. */
  readonly onLastRecord: (stream: string, sequence: number) => void;
  /** Told when leaders answer again after this node was cut off. */
  readonly onReturn: () => void;
}

/** Asks the leader of each stream once a second: a node that gets no answer must not say what it knows. */
export class Pulse {
  readonly #context: JetStreamContext;
  readonly #listener: PulseListener;
  /** Monotonic time of the last question that was answered, by stream. */
  readonly #answeredAtMs = new Map<string, number>();
  readonly #timers = new Map<string, { cancel(): void }>();
  readonly #pulses = new Map<string, number>();
  #isClosed = false;

  constructor(context: JetStreamContext, listener: PulseListener) {
    this.#context = context;
    this.#listener = listener;
    for (const stream of context.subjects.streams) {
      this.#answeredAtMs.set(stream, context.system.clock.monotonicMs());
      this.#schedule(stream);
    }
  }

  /** Whether that stream, or every stream where none is named, has not answered for too long. */
  isCutOff(stream?: string): boolean {
    if (stream !== undefined) return this.#isSilent(stream);
    return this.#context.subjects.streams.every((each) => this.#isSilent(each));
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #isSilent(stream: string): boolean {
    const answeredAtMs = this.#answeredAtMs.get(stream) ?? -Infinity;
    return this.#context.system.clock.monotonicMs() - answeredAtMs > cutOffMs;
  }

  async #checkRecords(stream: string): Promise<void> {
    const { jetStream, subjects } = this.#context;
    const last = await jetStream.readLast(stream, subjects.recordsOf(stream));
    this.#listener.onLastRecord(stream, last?.sequence ?? 0);
  }

  #schedule(stream: string): void {
    if (this.#isClosed) return;
    const timer = this.#context.system.clock.after(pulseMs, () => void this.#ask(stream));
    this.#timers.set(stream, timer);
  }

  async #ask(stream: string): Promise<void> {
    const { jetStream, system, reportError } = this.#context;
    const askedAtMs = system.clock.monotonicMs();
    try {
      await jetStream.readState(stream);
      const wasSilent = this.#isSilent(stream);
      this.#answeredAtMs.set(stream, askedAtMs);
      if (wasSilent) this.#listener.onReturn();
      const count = (this.#pulses.get(stream) ?? 0) + 1;
      this.#pulses.set(stream, count);
      if (count % pulsesPerRecordCheck === 0) await this.#checkRecords(stream);
    } catch (error) {
      if (!this.#isClosed) reportError(error, "pulse");
    }
    this.#schedule(stream);
  }
}
