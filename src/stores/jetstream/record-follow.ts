import { createDeferred } from "../../core/deferred.ts";
import type { Deferred } from "../../core/deferred.ts";
import { cutOffMs, StoreRejection } from "../../core/store.ts";
import type { StreamMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { toRejection } from "./rejection.ts";
import { watchSilence } from "./silence.ts";

interface Waiting {
  readonly sequence: number;
  readonly met: Deferred<void>;
}

/** Meets every record of one stream, each in its turn, and knows how far it is. */
export class RecordFollow {
  readonly stream: string;
  readonly #context: JetStreamContext;
  readonly #subject: string;
  readonly #onRecord: (message: StreamMessage) => void;
  /** Every record up to this sequence was met. */
  #sequence = 0;
  /** That sequence when the leader was asked last. */
  #sequenceAtCheck = 0;
  /** Monotonic time of the last one. */
  #metAtMs = -Infinity;
  readonly #waiting = new Set<Waiting>();
  #stop: () => void = () => undefined;

  constructor(
    context: JetStreamContext,
    stream: string,
    onRecord: (message: StreamMessage) => void,
  ) {
    this.stream = stream;
    this.#context = context;
    this.#subject = context.subjects.recordsOf(stream);
    this.#onRecord = onRecord;
    this.followAgain();
  }

  /** Sequence of the last record that was met. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Begins anew where it stopped: what follows over a lost connection may take long to notice. */
  followAgain(): void {
    this.#stop();
    const meet = (message: StreamMessage): void => this.#meet(message);
    const { jetStream } = this.#context;
    this.#stop = jetStream.follow(this.stream, this.#subject, meet, { from: this.#sequence + 1 });
  }

  /** The leader has records up to a sequence: one who has not come nearer since the last time is stuck. */
  expect(sequence: number): void {
    if (this.#sequence < sequence && this.#sequence === this.#sequenceAtCheck) this.followAgain();
    this.#sequenceAtCheck = this.#sequence;
  }

  /**
   * Until every record that was acknowledged before the call was met. Rejects with `unavailable` where none
   * is met any more: very many of them take longer than that, and then each is a sign of life.
   */
  async catchUp(): Promise<void> {
    const { jetStream } = this.#context;
    const last = await jetStream.readLast(this.stream, this.#subject).catch((error: unknown) => {
      throw toRejection(error);
    });
    if (last === undefined || last.sequence <= this.#sequence) return;
    const waiting = { sequence: last.sequence, met: createDeferred() };
    this.#waiting.add(waiting);
    const endWatch = watchSilence(
      this.#context.system.clock,
      cutOffMs,
      () => this.#metAtMs,
      () => waiting.met.reject(notComing(this.stream)),
    );
    try {
      await waiting.met.promise;
    } finally {
      endWatch();
      this.#waiting.delete(waiting);
    }
  }

  close(): void {
    this.#stop();
    for (const { met } of this.#waiting)
      met.reject(new StoreRejection("failed", "the store was closed"));
  }

  #meet(message: StreamMessage): void {
    this.#onRecord(message);
    this.#sequence = Math.max(this.#sequence, message.sequence);
    this.#metAtMs = this.#context.system.clock.monotonicMs();
    for (const { sequence, met } of this.#waiting) if (sequence <= this.#sequence) met.resolve();
  }
}

function notComing(stream: string): StoreRejection {
  return new StoreRejection("unavailable", `no record of ${stream} comes`);
}
