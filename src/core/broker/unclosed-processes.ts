import type { BrokerLimits } from "../limits.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { Clock } from "../system.ts";

interface Submitter {
  readonly id: string;
  processCount: number;
}

interface UnclosedProcess {
  readonly submitter: Submitter;
  assignTerm: number;
  /** Monotonic time at which its executor has been silent for all of its lease; Infinity while it has none. */
  lostAtMs: number;
}

/**
 * All that is in memory of a process that is open and that nobody uses: whose it is, and until when its
 * executor may be silent. There may be hundreds of thousands; the rest of them is in the store.
 */
export class UnclosedProcesses {
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  readonly #processes = new Map<string, UnclosedProcess>();
  readonly #submitters = new Map<string, Submitter>();
  /** No executor is lost before it: most of the time there is nothing to look for. */
  #noneLostUntilMs = Infinity;

  constructor(limits: BrokerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  has(processId: string): boolean {
    return this.#processes.has(processId);
  }

  /** Takes in a record as it is now. Silence counts from when it was met first, or given to an executor. */
  put(record: ProcessRecord): void {
    const { id, submitterId, assignTerm } = record;
    if (record.state === "closed") {
      this.delete(id);
      return;
    }
    const known = this.#processes.get(id);
    if (known?.assignTerm === assignTerm) {
      if (this.#patienceMs(record) === Infinity) known.lostAtMs = Infinity;
      return;
    }
    const process = known ?? {
      submitter: this.#enter(submitterId),
      assignTerm,
      lostAtMs: Infinity,
    };
    process.assignTerm = assignTerm;
    this.#processes.set(id, process);
    this.hear(record);
  }

  /** One that closed or that was deleted. */
  delete(processId: string): void {
    const process = this.#processes.get(processId);
    if (process === undefined) return;
    this.#processes.delete(processId);
    this.#leave(process.submitter);
  }

  /** The executor of the process has shown that it lives. */
  hear(record: ProcessRecord): void {
    const process = this.#processes.get(record.id);
    if (process === undefined) return;
    process.lostAtMs = this.#clock.monotonicMs() + this.#patienceMs(record);
    this.#noneLostUntilMs = Math.min(this.#noneLostUntilMs, process.lostAtMs);
  }

  /** Whether the executor has been silent for all of its lease, and this broker has listened all that time. */
  isExecutorLost(processId: string): boolean {
    const process = this.#processes.get(processId);
    return process !== undefined && process.lostAtMs < this.#clock.monotonicMs();
  }

  /** Those of which that is so. */
  withLostExecutor(): readonly string[] {
    const now = this.#clock.monotonicMs();
    if (now <= this.#noneLostUntilMs) return [];
    this.#noneLostUntilMs = Infinity;
    const lost: string[] = [];
    for (const [id, { lostAtMs }] of this.#processes) {
      if (lostAtMs < now) lost.push(id);
      this.#noneLostUntilMs = Math.min(this.#noneLostUntilMs, lostAtMs);
    }
    return lost;
  }

  countOf(submitterId: string): number {
    return this.#submitters.get(submitterId)?.processCount ?? 0;
  }

  /** Infinite where nobody is waited for: it has no executor, or its end is decided. */
  #patienceMs({ state, outcome, settling, leaseMs }: ProcessRecord): number {
    const isAwaited =
      state === "running" && outcome === undefined && settling?.kind !== "tombstone";
    return isAwaited ? (leaseMs ?? this.#limits.executorSilenceMs) : Infinity;
  }

  #enter(id: string): Submitter {
    const submitter = this.#submitters.get(id) ?? { id, processCount: 0 };
    submitter.processCount++;
    this.#submitters.set(id, submitter);
    return submitter;
  }

  #leave(submitter: Submitter): void {
    submitter.processCount--;
    if (submitter.processCount === 0) this.#submitters.delete(submitter.id);
  }
}
