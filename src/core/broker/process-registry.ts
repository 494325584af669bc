import { ChannelError } from "../errors.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { StoredRecord } from "../store.ts";
import { OpenProcess } from "./open-process.ts";
import type { BrokerContext } from "./open-process.ts";
import { requireId } from "./process-spec.ts";
import { isRejection, toChannelError } from "./store-error.ts";

const pageSize = 500;

/** Every process that this broker has met, kept up to date by what the store reports. */
export class ProcessRegistry {
  readonly #context: BrokerContext;
  readonly #processes = new Map<string, OpenProcess>();
  readonly #openCounts = new Map<string, number>();
  readonly #listeners = new Set<(processId: string, process: OpenProcess | undefined) => void>();
  readonly #unfollow: () => void;

  constructor(context: BrokerContext) {
    this.#context = context;
    this.#unfollow = context.store.followRecords((id, stored) => {
      if (stored === undefined) this.#forget(id);
      else this.#takeIn(stored);
    });
  }

  get all(): Iterable<OpenProcess> {
    return this.#processes.values();
  }

  /** Meets every process of the store. */
  async load(): Promise<void> {
    for (let after = ""; ;) {
      const page = await this.#context.store.listRecords({ after, limit: pageSize });
      for (const stored of page) if (!this.#processes.has(stored.record.id)) this.#takeIn(stored);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.record.id;
    }
  }

  /** Also one that is being deleted. */
  async find(processId: string): Promise<OpenProcess | undefined> {
    const known = this.#processes.get(processId);
    if (known !== undefined) return known;
    const stored = await this.#context.store.readRecord(processId);
    if (stored === undefined) return undefined;
    return this.#processes.get(processId) ?? this.#takeIn(stored);
  }

  /** Errors: `invalid_argument`, `process_not_found`, `unavailable`, `store_failed`. */
  async require(processId: string): Promise<OpenProcess> {
    // No store is asked for what is not an id: it may be a path or a pattern to it.
    requireId("process", processId);
    try {
      const process = await this.find(processId);
      if (process !== undefined && !process.isDeleting) return process;
    } catch (error) {
      throw toChannelError(error);
    }
    throw new ChannelError("process_not_found", { processId });
  }

  /** Errors: `process_exists`, `too_many_processes`. */
  async create(record: ProcessRecord): Promise<OpenProcess> {
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
      return this.#processes.get(record.id) ?? this.#takeIn({ record, revision });
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
    if (this.#processes.get(process.record.id) === process) this.#forget(process.record.id);
  }

  openCount(submitterId: string): number {
    return this.#openCounts.get(submitterId) ?? 0;
  }

  /** Reports each process that is new, changed, or gone (undefined). Returns what ends it. */
  listen(listener: (processId: string, process: OpenProcess | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dispose(): void {
    this.#unfollow();
    for (const process of this.#processes.values()) process.dispose();
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

  #takeIn(stored: StoredRecord): OpenProcess {
    const { id, life } = stored.record;
    let process = this.#processes.get(id);
    if (process !== undefined && process.record.life !== life) {
      this.#forget(id);
      process = undefined;
    }
    if (process === undefined) {
      process = new OpenProcess(this.#context, stored);
      this.#processes.set(id, process);
      this.#count(process, 1);
    } else {
      this.#count(process, -1);
      process.apply(stored);
      this.#count(process, 1);
    }
    for (const listener of this.#listeners) listener(id, process);
    return process;
  }

  #forget(id: string): void {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    this.#processes.delete(id);
    this.#count(process, -1);
    process.endSubscriptions("deleted");
    process.dispose();
    for (const listener of this.#listeners) listener(id, undefined);
  }

  #count({ record }: OpenProcess, step: 1 | -1): void {
    if (record.state === "closed") return;
    const count = this.openCount(record.submitterId) + step;
    if (count > 0) this.#openCounts.set(record.submitterId, count);
    else this.#openCounts.delete(record.submitterId);
  }
}
