import type { BrokerLimits } from "../limits.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { Clock } from "../system.ts";

interface Submitter {
  readonly id: string;
  processCount: number;
}

/**
 * Times are monotonic, and whole milliseconds: of an integer an object holds the value, of another number (as of
 * Infinity) the address of 16 further bytes.
 */
class UnclosedProcess {
  readonly submitter: Submitter;
  assignTerm = 0;
  /** How long its executor may be silent; undefined while it has none. */
  patienceMs: number | undefined;
  /** When its executor has been silent for all of its lease; undefined while it has none. */
  lostAtMs: number | undefined;

  constructor(submitter: Submitter) {
    this.submitter = submitter;
  }
}

/** The time that an executor may be silent has so many parts: others are told when it is first heard in one of them. */
const partsOfPatience = 8;

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
  readonly #tell: (processId: string, assignTerm: number) => void;

  /** `tell`: those who share the store are to know that the executor of this term was heard. */
  constructor(
    limits: BrokerLimits,
    clock: Clock,
    tell: (processId: string, assignTerm: number) => void,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tell = tell;
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
    const patienceMs = this.#patienceMs(record);
    const known = this.#processes.get(id);
    if (known?.assignTerm === assignTerm) {
      known.patienceMs = patienceMs;
      if (patienceMs === undefined) known.lostAtMs = undefined;
      return;
    }
    const process = known ?? new UnclosedProcess(this.#enter(submitterId));
    process.assignTerm = assignTerm;
    process.patienceMs = patienceMs;
    this.#processes.set(id, process);
    this.#listenAnew(process);
  }

  /** One that closed or that was deleted. */
  delete(processId: string): void {
    const process = this.#processes.get(processId);
    if (process === undefined) return;
    this.#processes.delete(processId);
    this.#leave(process.submitter);
  }

  /** The executor of the process has shown here that it lives. */
  hear({ id }: ProcessRecord): void {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    const heardIn = partHeardIn(process);
    this.#listenAnew(process);
    if (partHeardIn(process) !== heardIn) this.#tell(id, process.assignTerm);
  }

  /** The executor of that term has shown elsewhere that it lives. */
  hearOf(processId: string, assignTerm: number): void {
    const process = this.#processes.get(processId);
    if (process?.assignTerm === assignTerm) this.#listenAnew(process);
  }

  /** Executors may have been heard elsewhere without word of it: none of them is taken for lost because of that. */
  hearAll(): void {
    for (const process of this.#processes.values()) this.#listenAnew(process);
  }

  /** Whether the executor has been silent for all of its lease, and this broker has listened all that time. */
  isExecutorLost(processId: string): boolean {
    const { lostAtMs = Infinity } = this.#processes.get(processId) ?? {};
    return lostAtMs < this.#nowMs();
  }

  /** Those of which that is so. */
  withLostExecutor(): readonly string[] {
    const now = this.#nowMs();
    if (now <= this.#noneLostUntilMs) return [];
    this.#noneLostUntilMs = Infinity;
    const lost: string[] = [];
    for (const [id, { lostAtMs = Infinity }] of this.#processes) {
      if (lostAtMs < now) lost.push(id);
      this.#noneLostUntilMs = Math.min(this.#noneLostUntilMs, lostAtMs);
    }
    return lost;
  }

  countOf(submitterId: string): number {
    return this.#submitters.get(submitterId)?.processCount ?? 0;
  }

  #listenAnew(process: UnclosedProcess): void {
    const { patienceMs } = process;
    process.lostAtMs = patienceMs === undefined ? undefined : this.#nowMs() + patienceMs;
    this.#noneLostUntilMs = Math.min(this.#noneLostUntilMs, process.lostAtMs ?? Infinity);
  }

  #nowMs(): number {
    return Math.floor(this.#clock.monotonicMs());
  }

  /** Undefined where nobody is waited for: it has no executor, or its end is decided. */
  #patienceMs({ state, outcome, settling, leaseMs }: ProcessRecord): number | undefined {
    const isAwaited =
      state === "running" && outcome === undefined && settling?.kind !== "tombstone";
    return isAwaited ? (leaseMs ?? this.#limits.executorSilenceMs) : undefined;
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

/** The part of its patience in which it was heard last, counted from when time began; undefined while nobody listens. */
function partHeardIn({ patienceMs, lostAtMs }: UnclosedProcess): number | undefined {
  if (patienceMs === undefined || lostAtMs === undefined) return undefined;
  return Math.floor(((lostAtMs - patienceMs) * partsOfPatience) / patienceMs);
}
