import { ChannelError, unavailable } from "../errors.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { ClosedProcess, ClosedProcesses, StoredRecord } from "../store.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import { OpenProcess } from "./open-process.ts";
import type { BrokerContext } from "./broker-context.ts";
import { requireId } from "./process-spec.ts";
import { RecordScan } from "./record-scan.ts";
import type { RecordListener } from "./record-scan.ts";
import { isRejection, toChannelError } from "./store-error.ts";

/** What becomes of a record; undefined, it stays as it is. */
export type RecordChange = (record: ProcessRecord) => ProcessRecord | undefined;

/**
 * The processes that are in use or not settled, kept up to date by what the store reports. Of all others only
 * what is needed to look after them is held; the rest of them is in the store.
 */
export class ProcessRegistry {
  /** Those that expire. */
  readonly closed: ClosedProcesses;
  readonly #queue: ExpiryQueue | undefined;
  readonly #context: BrokerContext;
  readonly #processes = new Map<string, OpenProcess>();
  readonly #listeners = new Set<RecordListener>();
  readonly #unfollow: () => void;
  readonly #unfollowHeard: (() => void) | undefined;

  constructor(context: BrokerContext) {
    this.#context = context;
    this.#queue = context.store.closedProcesses === undefined ? new ExpiryQueue() : undefined;
    this.closed = context.store.closedProcesses ?? (this.#queue as ExpiryQueue);
    this.#unfollow = context.store.followRecords((id, stored) => {
      if (stored === undefined) this.#forget(id);
      else this.#takeIn(stored);
    });
    const { store, unclosed } = context;
    this.#unfollowHeard = store.followHeard?.({
      heard: (processId, assignTerm) => unclosed.hearOf(processId, assignTerm),
      missed: () => unclosed.hearAll(),
    });
  }

  /** Number of processes in memory. */
  get size(): number {
    return this.#processes.size;
  }

  /** Meets every process of the store. */
  async load(): Promise<void> {
    const closed: ClosedProcess[] = [];
    const meet = (stored: StoredRecord): void => {
      const { id, state, settling, closedAt = 0 } = stored.record;
      if (settling !== undefined) this.#add(stored);
      else if (state !== "closed") this.#context.unclosed.put(stored.record);
      else if (this.#queue !== undefined) closed.push({ id, closedAt });
    };
    await this.#visitAll(meet);
    this.#queue?.addAll(closed);
  }

  async #visitAll(visit: (stored: StoredRecord) => void): Promise<void> {
    const { store } = this.#context;
    if (store.visitRecords === undefined) {
      const scan = this.scan();
      while (await scan.readPage(visit));
      return;
    }
    // What was told meanwhile may be newer than what is met.
    const changed = new Set<string>();
    const unlisten = this.listen((id) => changed.add(id));
    try {
      await store.visitRecords((stored) => {
        if (!changed.has(stored.record.id)) visit(stored);
      });
    } finally {
      unlisten();
    }
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
    const { limits, unclosed } = this.#context;
    const { submitterId } = record;
    const { openProcessesPerSubmitter } = limits;
    if (unclosed.countOf(submitterId) >= openProcessesPerSubmitter) {
      throw new ChannelError("too_many_processes", {
        submitterId,
        limitProcesses: openProcessesPerSubmitter,
      });
    }
    try {
      const revision = await this.#context.store.createRecord(record);
      if (!unclosed.has(record.id)) this.#takeIn({ record, revision });
    } catch (error) {
      if (isRejection(error, "conflict"))
        throw new ChannelError("process_exists", { processId: record.id }, { cause: error });
      throw toChannelError(error);
    }
  }

  /**
   * Replaces the record by what `change` makes of it; undefined leaves it as it is. Tried again with the
   * fresh record when another node was first, which may make `change` refuse. Errors: `process_not_found`, also
   * where the process is being deleted, which nothing may undo.
   */
  async update(process: OpenProcess, change: RecordChange): Promise<void> {
    await this.#replace(process, (record) => {
      if (record.settling?.kind !== "tombstone") return change(record);
      throw new ChannelError("process_not_found", { processId: record.id });
    });
  }

  /** The last change of a record, if it is not made yet. */
  async beginRemoval(process: OpenProcess, change: RecordChange): Promise<void> {
    await this.#replace(process, (record) =>
      record.settling?.kind === "tombstone" ? undefined : change(record),
    );
  }

  async #replace(process: OpenProcess, change: RecordChange): Promise<void> {
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
      // Whoever was first has removed it: nothing else is done to it any more.
      if (!isRejection(error, "conflict")) throw toChannelError(error);
    }
    if (this.#has(process)) this.#forget(process.record.id);
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
    this.#unfollowHeard?.();
  }

  async #enter(processId: string): Promise<OpenProcess | undefined> {
    if (this.#context.store.isCutOff?.(processId) === true)
      throw unavailable("this node has lost its store and does not know what others write");
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
      this.#add(stored);
    }
  }

  async #reread(process: OpenProcess): Promise<void> {
    const { revision } = process;
    const { id, life } = process.record;
    const stored = await this.#context.store
      .readRecord(id)
      .catch((error: unknown) => Promise.reject(toChannelError(error)));
    if (stored?.record.life !== life)
      throw new ChannelError("process_not_found", { processId: id });
    // The store may have told of it, or of a newer one, by then.
    if (process.revision === revision && stored.revision !== revision) this.#takeIn(stored);
  }

  #takeIn(stored: StoredRecord): void {
    const { record } = stored;
    const { id, life, settling, closedAt } = record;
    const before = this.#processes.get(id);
    if (before !== undefined && before.record.life !== life) this.#forgetKnown(id);
    const process = this.#processes.get(id);
    this.#context.unclosed.put(record);
    if (process !== undefined) process.apply(stored);
    else if (settling !== undefined) this.#add(stored);
    if (closedAt !== undefined && settling === undefined) this.#queue?.add({ id, closedAt });
    this.#tell(id, stored);
    if (process !== undefined) this.#dropIfSpare(process);
  }

  #add(stored: StoredRecord): void {
    const { id } = stored.record;
    if (this.#processes.has(id)) return;
    this.#context.unclosed.put(stored.record);
    const owner = {
      onUnused: (process: OpenProcess) => this.#dropIfSpare(process),
      reread: (process: OpenProcess) => this.#reread(process),
    };
    this.#processes.set(id, new OpenProcess(this.#context, stored, owner));
  }

  #dropIfSpare(process: OpenProcess): void {
    if (process.isSpare && this.#has(process)) this.#processes.delete(process.record.id);
  }

  #forget(id: string): void {
    this.#forgetKnown(id);
    this.#tell(id, undefined);
  }

  #forgetKnown(id: string): void {
    this.#context.unclosed.delete(id);
    const process = this.#processes.get(id);
    if (process === undefined) return;
    const { closedAt } = process.record;
    this.#processes.delete(id);
    if (closedAt !== undefined) this.#queue?.remove({ id, closedAt });
    process.forget();
  }

  #tell(id: string, stored: StoredRecord | undefined): void {
    for (const listener of this.#listeners) listener(id, stored);
  }

  #has(process: OpenProcess): boolean {
    return this.#processes.get(process.record.id) === process;
  }
}
