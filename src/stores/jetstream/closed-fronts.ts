import type { ClosedProcess, ClosedProcesses } from "../../core/store.ts";
import type { StreamMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { decodeRecordOf } from "./message-codec.ts";
import { toRejection } from "./rejection.ts";

/** Of one stream at a time: what else is to be looked after does not wait for all that is open. */
const readsAtOnceMax = 500;

/** Where the closed processes of one stream begin. */
interface Front {
  readonly stream: string;
  /** Up to here nothing is left that is closed and was not taken. */
  passed: number;
  /** The next one, once it was looked for. */
  first: (ClosedProcess & { readonly sequence: number }) | undefined;
}

/**
 * Closed processes in the order in which streams have their records: each change moves a record to the end, so
 * the first closed one is the one that closed first. What is before it is open, and moves when it closes:
 * nothing is read twice, and of all that wait to expire only the first of each stream is in memory.
 */
export class ClosedFronts implements ClosedProcesses {
  readonly #context: JetStreamContext;
  readonly #fronts: readonly Front[];
  readonly #lastRecord: (stream: string) => number;
  readonly #returned = new Map<string, ClosedProcess>();

  /** `lastRecord`: the sequence of the last record of a stream, as far as this node has heard of it. */
  constructor(context: JetStreamContext, lastRecord: (stream: string) => number) {
    this.#context = context;
    this.#lastRecord = lastRecord;
    this.#fronts = context.subjects.streams.map((stream) => ({
      stream,
      passed: 0,
      first: undefined,
    }));
  }

  async takeFirst(closedUntil: number): Promise<ClosedProcess | undefined> {
    await Promise.all(this.#fronts.map((front) => this.#advance(front)));
    let taken: ClosedProcess | undefined;
    const candidates = this.#fronts.flatMap(({ first }) => first ?? []);
    for (const one of [...this.#returned.values(), ...candidates])
      if (one.closedAt <= closedUntil && one.closedAt < (taken?.closedAt ?? Infinity)) taken = one;
    if (taken === undefined) return undefined;
    const { id, closedAt } = taken;
    if (!this.#returned.delete(id)) this.#pass(taken);
    return { id, closedAt };
  }

  add(process: ClosedProcess): void {
    this.#returned.set(process.id, process);
  }

  #pass(taken: ClosedProcess): void {
    for (const front of this.#fronts) {
      if (front.first !== taken) continue;
      front.passed = front.first.sequence;
      front.first = undefined;
    }
  }

  async #advance(front: Front): Promise<void> {
    for (let reads = 0; reads < readsAtOnceMax && front.first === undefined; reads++) {
      if (front.passed >= this.#lastRecord(front.stream)) return;
      const next = await this.#readNext(front);
      if (next === undefined) return;
      front.first = this.#closedIn(next);
      if (front.first === undefined) front.passed = next.sequence;
    }
  }

  async #readNext({ stream, passed }: Front): Promise<StreamMessage | undefined> {
    const { jetStream, subjects } = this.#context;
    try {
      return await jetStream.readNext(stream, subjects.recordsOf(stream), passed + 1);
    } catch (error) {
      throw toRejection(error);
    }
  }

  #closedIn(message: StreamMessage): Front["first"] {
    try {
      const { id, closedAt, settling } = decodeRecordOf(message).record ?? {};
      if (id === undefined || closedAt === undefined || settling !== undefined) return undefined;
      return { id, closedAt, sequence: message.sequence };
    } catch (error) {
      // Of a newer release, whose nodes look after it.
      this.#context.reportError(error, "sweep");
      return undefined;
    }
  }
}
