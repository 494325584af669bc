import { JetStreamFailure } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { decodeLeaseOf, encodeLease } from "./message-codec.ts";

/** A holder that has not renewed it for as long has lost it. */
export const leaseMs = 15_000;
const renewMs = 5_000;
const nodeIdLength = 12;

export interface SweepLeaseOptions {
  /** Whether the stream of the lease can be relied on. */
  readonly isUsable: (stream: string) => boolean;
  /** Also where it was given up it is taken only when no node has taken it for the time of the lease. */
  readonly isPatient: boolean;
}

/**
 * Says which of the nodes looks after what nobody asks for. It is one message of the first stream, which its
 * holder replaces at the expected sequence. Others take it over when its sequence has not moved for the time of
 * the lease on their own monotonic clock, so that wall clocks play no part. Two nodes that hold it for a
 * moment do no harm: every step of a sweep is guarded by a revision.
 */
export class SweepLease {
  readonly #context: JetStreamContext;
  readonly #stream: string;
  readonly #nodeId: string;
  readonly #isUsable: (stream: string) => boolean;
  readonly #isPatient: boolean;
  /** Sequence of the message that was seen last, 0 for none, and the monotonic time since when it is known. */
  #sequence = 0;
  #seenAtMs: number;
  /** Monotonic time until which this node holds it. */
  #heldUntilMs = -Infinity;
  #timer: { cancel(): void } | undefined;
  #round: Promise<void>;
  #isClosed = false;

  constructor(context: JetStreamContext, { isUsable, isPatient }: SweepLeaseOptions) {
    const { subjects, system } = context;
    this.#context = context;
    this.#isUsable = isUsable;
    this.#isPatient = isPatient;
    this.#stream = subjects.streamWith(subjects.lease);
    this.#nodeId = system.randomId(nodeIdLength);
    this.#seenAtMs = system.clock.monotonicMs();
    this.#round = this.#run();
  }

  get isHeld(): boolean {
    return this.#context.system.clock.monotonicMs() < this.#heldUntilMs;
  }

  /** Gives it up, so that another node need not wait. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
    if (!this.isHeld) return;
    this.#heldUntilMs = -Infinity;
    // Without an answer the lease runs out.
    await this.#publish("").catch(ignoreFailure);
  }

  async #run(): Promise<void> {
    try {
      await this.#renew();
    } catch (error) {
      if (!this.#isClosed) this.#context.reportError(error, "lease");
    }
    if (this.#isClosed) return;
    this.#timer = this.#context.system.clock.after(renewMs, () => {
      this.#round = this.#run();
    });
  }

  async #renew(): Promise<void> {
    // Of an older copy every message that is written makes it look more like the one that was lost.
    if (!this.#isUsable(this.#stream)) return;
    if (!this.isHeld && !(await this.#isFree())) return;
    const { clock } = this.#context.system;
    const fromMs = clock.monotonicMs();
    try {
      this.#see(await this.#publish(this.#nodeId));
      this.#heldUntilMs = fromMs + leaseMs;
    } catch (error) {
      // It is another's, or an attempt of ours that was not answered got in: reading it tells which.
      if (!(error instanceof JetStreamFailure) || error.kind !== "conflict") throw error;
      this.#heldUntilMs = -Infinity;
    }
  }

  /** Whether it has run out, was given up, or is this node's without its knowing. */
  async #isFree(): Promise<boolean> {
    const { jetStream, subjects, system } = this.#context;
    const message = await jetStream.readLast(this.#stream, subjects.lease);
    const { sequence = 0 } = message ?? {};
    if (sequence !== this.#sequence) this.#see(sequence);
    const nodeId = message === undefined ? "" : decodeLeaseOf(message).nodeId;
    if (nodeId === this.#nodeId || (nodeId === "" && !this.#isPatient)) return true;
    return system.clock.monotonicMs() - this.#seenAtMs >= leaseMs;
  }

  #see(sequence: number): void {
    this.#sequence = sequence;
    this.#seenAtMs = this.#context.system.clock.monotonicMs();
  }

  #publish(nodeId: string): Promise<number> {
    const { jetStream, subjects } = this.#context;
    const expected = this.#sequence;
    return jetStream.publish(subjects.lease, encodeLease({ nodeId }), {
      expected,
      replacing: true,
    });
  }
}

function ignoreFailure(error: unknown): void {
  if (!(error instanceof JetStreamFailure)) throw error;
}
