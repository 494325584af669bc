import { ChannelError } from "../errors.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { StoredRecord } from "../store.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import type { ClosedProcess } from "./expiry-queue.ts";
import { isActive, OpenProcess } from "./open-process.ts";
import type { BrokerContext } from "./open-process.ts";
import { requireId } from "./process-spec.ts";
import { RecordScan } from "./record-scan.ts";
import type { RecordListener } from "./record-scan.ts";
import { isRejection, toChannelError } from "./store-error.ts";

/**
 * The processes that are open or in use, kept up to date by what the store reports. Of those that are
 * closed only what expiry needs is held; the rest of them is in the store.
 */
export class ProcessRegistry {
  readonly expiry = new ExpiryQueue();
  readonly #context: BrokerContext;
  readonly #processes = new Map<string, OpenProcess>();
  readonly #openCounts = new Map<string, number>();
  readonly #listeners = new Set<RecordListener>();
  readonly #unfollow: () => void;
  /** One for all processes, of which there are many. */
  readonly #dropUnused = (process: OpenProcess): void => this.#dropIfUnused(process);

  constructor(context: BrokerContext) {
    this.#context = context;
    this.#unfollow = context.store.followRecords((id, stored) => {
      if (stored === undefined) this.#forget(id);
      else this.#takeIn(stored);
    });
  }

  /** Number of processes in memory. */
  get size(): number {
    return this.#processes.size;
  }

  /** Meets every process of the store. */
  async load(): Promise<void> {
    const closed: ClosedProcess[] = [];
    const scan = this.scan();
    const meet = (stored: StoredRecord): void => {
      const { record } = stored;
      if (!isActive(record)) closed.push({ id: record.id, closedAt: record.closedAt ?? 0 });
      else if (!this.#processes.has(record.id)) this.#add(stored);
    };
    while (await scan.readPage(meet));
    this.expiry.addAll(closed);
  }

  /** All records as they are in the store, of which few are in memory. */
  scan(): RecordScan {
    return new RecordScan(this.#context.store, (listener) => this.listen(listener));
  }

  /** Runs work with a process, which stays in memory until it is done. Errors: `invalid_argument`, `process_not_found`, `unavailable`, `store_failed`. */
  async use<Result>(
    processId: string,
    work: (process: OpenProcess) => Promise<Result> | Result,
  ): Promise<Result> {
    // No store is asked for what is not an id: it may be a path or a pattern to it.
    requireId("process", processId);
    return this.useIfAny(processId, (process) => {
      if (process !== undefined && !process.isDeleting) return work(process);
      throw new ChannelError("process_not_found", { processId });
    });
  }

  /** As `use`, also with a process that is being deleted, and without one. */
  async useIfAny<Result>(
    processId: string,
    work: (process: OpenProcess | undefined) => Promise<Result> | Result,
  ): Promise<Result> {
    const process = await this.#enter(processId);
    try {
      return await work(process);
    } finally {
      process?.uses.leave();
    }
  }

  /** Runs work with each process in memory, one after the other. */
  async useEach(work: (process: OpenProcess) => Promise<void>): Promise<void> {
    for (const process of [...this.#processes.values()]) {
      if (!this.#has(process)) continue;
      process.uses.enter();
      try {
        await work(process);
      } finally {
        process.uses.leave();
      }
    }
  }

  /** Errors: `process_exists`, `too_many_processes`. */
  async create(record: ProcessRecord): Promise<void> {
    const { openProcessesPerSubmitter } = this.#context.limits;
    if (this.openCount(record.submitterId) >= openProcessesPerSubmitter) {
      const { submitterId } = record;
      throw new ChannelError("too_many_processes", {
        submitterId,
        limitProcesses: openProcessesPerSubmitter,
      });
    }
    try {
      const revision = await this.#context.store.createRecord(record);
      if (!this.#processes.has(record.id)) this.#takeIn({ record, revision });
    } catch (error) {
      if (isRejection(error, "conflict"))
        throw new ChannelError("process_exists", { processId: record.id }, { cause: error });
      throw toChannelError(error);
    }
  }

  /**
   * Replaces the record by what `change` makes of it; undefined leaves it as it is. Tried again with the
   * fresh record when another node was first, which may make `change` refuse.
   */
  async update(
    process: OpenProcess,
    change: (record: ProcessRecord) => ProcessRecord | undefined,
  ): Promise<void> {
    for (;;) {
      const { record, revision } = process;
      const changed = change(record);
      if (changed === undefined) return;
      try {
        const next = await this.#context.store.updateRecord(changed, revision);
        // What the store reports may be newer already.
        if (process.revision === revision) this.#takeIn({ record: changed, revision: next });
        return;
      } catch (error) {
        if (!isRejection(error, "conflict")) throw toChannelError(error);
        if (process.revision === revision) await this.#reread(process);
      }
    }
  }

  /** Removes the record for good. */
  async remove(process: OpenProcess): Promise<void> {
    try {
      await this.#context.store.deleteRecord(process.record.id, process.revision);
    } catch (error) {
      // Whoever was first has removed it, or finishes what we began.
      if (!isRejection(error, "conflict")) throw toChannelError(error);
    }
    if (this.#has(process)) this.#forget(process.record.id);
  }

  openCount(submitterId: string): number {
    return this.#openCounts.get(submitterId) ?? 0;
  }

  /** Reports each record that is new, changed, or gone. Returns what ends it. */
  listen(listener: RecordListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  endSubscriptions(reason: "shutdown"): void {
    for (const process of this.#processes.values()) process.endSubscriptions(reason);
  }

  dispose(): void {
    this.#unfollow();
  }

  async #enter(processId: string): Promise<OpenProcess | undefined> {
    for (;;) {
      const known = this.#processes.get(processId);
      if (known !== undefined) {
        known.uses.enter();
        return known;
      }
      let hasChanged = false;
      const unlisten = this.listen((id) => (hasChanged ||= id === processId));
      let stored: StoredRecord | undefined;
      try {
        stored = await this.#context.store.readRecord(processId);
      } catch (error) {
        throw toChannelError(error);
      } finally {
        unlisten();
      }
      // What was read may be older than what was told meanwhile, of which nothing was kept.
      if (hasChanged) continue;
      if (stored === undefined) return undefined;
      if (!this.#processes.has(processId)) this.#add(stored);
    }
  }

  async #reread(process: OpenProcess): Promise<void> {
    const { id, life } = process.record;
    const stored = await this.#context.store
      .readRecord(id)
      .catch((error: unknown) => Promise.reject(toChannelError(error)));
    if (stored?.record.life !== life)
      throw new ChannelError("process_not_found", { processId: id });
    this.#takeIn(stored);
  }

  #takeIn(stored: StoredRecord): void {
    const { record } = stored;
    const { id, life, closedAt } = record;
    if (this.#processes.get(id)?.record.life !== life) this.#forgetKnown(id);
    const process = this.#processes.get(id);
    if (process !== undefined) {
      this.#count(process, -1);
      process.apply(stored);
      this.#count(process, 1);
    } else if (isActive(record)) this.#add(stored);
    if (closedAt !== undefined && !isActive(record)) this.expiry.add({ id, closedAt });
    this.#tell(id, stored);
    if (process !== undefined) this.#dropIfUnused(process);
  }

  #add(stored: StoredRecord): void {
    const process = new OpenProcess(this.#context, stored, this.#dropUnused);
    this.#processes.set(stored.record.id, process);
    this.#count(process, 1);
  }

  /** A closed process that nobody uses is in the store only. It takes nothing but repeats any more. */
  #dropIfUnused(process: OpenProcess): void {
    if (process.uses.isUsed || process.isActive || !this.#has(process)) return;
    if (process.rates.hasSpentRepeats()) return;
    this.#processes.delete(process.record.id);
  }

  #forget(id: string): void {
    this.#forgetKnown(id);
    this.#tell(id, undefined);
  }

  #forgetKnown(id: string): void {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    const { closedAt } = process.record;
    this.#processes.delete(id);
    this.#count(process, -1);
    if (closedAt !== undefined) this.expiry.remove({ id, closedAt });
    process.forget();
  }

  #tell(id: string, stored: StoredRecord | undefined): void {
    for (const listener of this.#listeners) listener(id, stored);
  }

  #has(process: OpenProcess): boolean {
    return this.#processes.get(process.record.id) === process;
  }

  #count({ record }: OpenProcess, step: 1 | -1): void {
    if (record.state === "closed") return;
    const count = this.openCount(record.submitterId) + step;
    if (count > 0) this.#openCounts.set(record.submitterId, count);
    else this.#openCounts.delete(record.submitterId);
  }
}
