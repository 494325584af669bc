import { ChannelError, isChannelError } from "../errors.ts";
import type { EntryInput } from "../entry.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Outcome, ProcessRecord } from "../process-record.ts";
import type { Store } from "../store.ts";
import { defaultSystem } from "../system.ts";
import type { System } from "../system.ts";
import { Audit } from "./audit.ts";
import {
  requireAdministrator,
  requireCreate,
  requireFree,
  requireProcessAction,
} from "./authority.ts";
import type { Action, ProcessAction } from "./authority.ts";
import { resolveBrokerLimits } from "./broker-limits.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { Caller } from "./caller.ts";
import { Caretaker } from "./caretaker.ts";
import { ChannelAccess } from "./channel-access.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import { GrantAccess } from "./grant-access.ts";
import { createBrokerContext } from "./broker-context.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { OpenProcess } from "./open-process.ts";
import { listProcesses, watchProcesses } from "./process-listing.ts";
import type { ListOptions, ProcessPage } from "./process-listing.ts";
import { ProcessRegistry } from "./process-registry.ts";
import {
  createRecord,
  isSameSpec,
  requireIdentity,
  requireLease,
  requireOutcome,
} from "./process-spec.ts";
import { createProcessView } from "./process-view.ts";
import type { ProcessWatch } from "./process-watch.ts";
import { readOnce } from "./read-once.ts";
import type { ReadOptions } from "./read-once.ts";
import { Settlement } from "./settlement.ts";
import type {
  AppendAck,
  ChannelView,
  MemoryUse,
  ProcessSpec,
  ProcessView,
  ReadResult,
  StartAt,
} from "./views.ts";

/** What an action is about, as far as a door knows before the body. */
export interface ActionPlace {
  readonly processId?: string | undefined;
  readonly channel?: string | undefined;
  readonly term?: number | undefined;
}

/** Router and store in one: nothing is shown or acknowledged before the store has it. */
export class Broker {
  readonly store: Store;
  readonly limits: BrokerLimits;
  readonly grants: GrantAccess;
  readonly #system: System;
  readonly #context: BrokerContext;
  readonly #registry: ProcessRegistry;
  readonly #settlement: Settlement;
  readonly #caretaker: Caretaker;
  readonly #channels: ChannelAccess;
  readonly #audit: Audit;
  readonly #watches = new Set<ProcessWatch>();
  readonly #appends = new Set<Promise<unknown>>();
  #hasFailed = false;
  #isClosed = false;

  constructor({ store, system = defaultSystem, limits = {}, onError, onAudit }: BrokerOptions) {
    this.store = store;
    this.limits = resolveBrokerLimits(limits, store);
    this.#system = system;
    this.#audit = new Audit(onAudit);
    this.#context = createBrokerContext({
      store,
      limits: this.limits,
      system,
      reportError: (error, stage) => onError?.(error, { stage }),
      storeFailed: () => (this.#hasFailed = true),
    });
    this.#registry = new ProcessRegistry(this.#context);
    this.#settlement = new Settlement(this.#registry);
    this.#caretaker = new Caretaker(this.#context, this.#registry, this.#settlement);
    this.#channels = new ChannelAccess(this.#context, this.#registry, this.#audit);
    this.grants = new GrantAccess(this.#context, this.#registry, this.#settlement, {
      useShared: (caller, processId, work) => this.#use(caller, "share", processId, work),
      requireWritable: () => this.#requireWritable(),
    });
  }

  /** Meets the processes of the store and looks after them from now on. */
  async start(): Promise<void> {
    await this.#registry.load();
    this.#caretaker.start();
  }

  /** Refuses new work, settles appends under way, and ends every subscription with `shutdown`. The store stays open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#caretaker.stop();
    await Promise.allSettled(this.#appends);
    this.#registry.endSubscriptions("shutdown");
    for (const watch of this.#watches) watch.close();
    this.#registry.dispose();
    this.#context.channels.dispose();
  }

  /** False once the store has stopped, while it is out of reach, and when this broker was closed. */
  isReady(): boolean {
    return this.#storeWrites && !this.#isClosed && this.store.isCutOff?.() !== true;
  }

  /** A store may also stop in the background, in a sync that no append waits for. */
  get #storeWrites(): boolean {
    return !this.#hasFailed && this.store.failure === undefined;
  }

  memoryUse(): MemoryUse {
    const { budget, windows, pages, channels } = this.#context;
    return {
      processes: this.#registry.size,
      channels: channels.size,
      stagedBytes: budget.stagedBytes,
      windowBytes: windows.bytes,
      pageBytes: pages.bytes,
    };
  }

  /**
   * Creates a process with its channels. The same id with the same specification again is a success that
   * creates nothing. Errors: `invalid_argument`, `process_exists`, `too_many_channels`,
   * `too_many_processes`, `forbidden`.
   */
  async createProcess(
    caller: Caller,
    spec: ProcessSpec,
  ): Promise<{ readonly process: ProcessView; readonly created: boolean }> {
    this.#requireWritable();
    const submitterId = spec.submitterId ?? caller.identity;
    this.#audit.check(caller, { action: "create", processId: spec.id }, () =>
      requireCreate(caller, submitterId),
    );
    if (spec.leaseMs !== undefined) requireLease(spec.leaseMs, this.limits);
    const record = createRecord(spec, submitterId, this.limits, this.#system);
    const known = await this.#registry.useIfAny(record.id, async (process) => {
      if (process?.isDeleting !== true) return process && this.#createdBefore(process, record);
      await this.#settlement.finish(process);
      return undefined;
    });
    if (known !== undefined) return known;
    await this.#registry.create(record).catch((error: unknown) => {
      if (!isChannelError(error, "process_exists")) throw error;
    });
    return this.#registry.use(record.id, async (process) => {
      if (process.record.life !== record.life) return this.#createdBefore(process, record);
      await process.useAllChannels(() => undefined);
      return { process: this.#view(process), created: true };
    });
  }

  /** Those the caller may see, in order of id. `next` is the `after` of the following page. */
  listProcesses(caller: Caller, options: ListOptions = {}): Promise<ProcessPage> {
    return listProcesses(this.#context, caller, options);
  }

  /** Errors: `process_not_found`, `forbidden`. */
  async getProcess(caller: Caller, processId: string): Promise<ProcessView> {
    return this.#use(caller, "get", processId, async (process) => {
      await process.freshen();
      return this.#view(process);
    });
  }

  /** One process, or all that the caller may see. Errors: `process_not_found`, `forbidden`. */
  async watchProcesses(
    caller: Caller,
    { processId }: { readonly processId?: string } = {},
  ): Promise<ProcessWatch> {
    this.#requireOpen();
    if (processId !== undefined) await this.#use(caller, "get", processId, () => undefined);
    const watch = await watchProcesses(this.#context, this.#registry, caller, processId);
    watch.onClose(() => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /**
   * Gives the executor's role to an identity. When it returns, nothing of the replaced executor is
   * committed any more. `term` of the answer is what the executor's appends may carry. Errors:
   * `process_not_found`, `process_closed`, `process_not_waiting`, `forbidden`, `invalid_argument`.
   */
  async assign(
    caller: Caller,
    processId: string,
    { executorId, leaseMs }: { readonly executorId: string; readonly leaseMs?: number },
  ): Promise<ProcessView> {
    this.#requireWritable();
    requireIdentity("executorId", executorId);
    if (leaseMs !== undefined) requireLease(leaseMs, this.limits);
    const action = executorId === caller.identity ? "assign_self" : "assign";
    return this.#use(caller, action, processId, async (process) => {
      await this.#settlement.assign(process, executorId, leaseMs);
      return this.#view(process);
    });
  }

  /** The executor says that it lives; the answer shows a cancel request. Errors: as `assign`, `executor_fenced`. */
  async renewLease(
    caller: Caller,
    processId: string,
    { term }: { readonly term?: number } = {},
  ): Promise<ProcessView> {
    return this.#useAsExecutor(caller, "renew", { processId, term }, (process) => {
      process.hear();
      return this.#view(process);
    });
  }

  /** Durable, with who and when. A process that nobody runs closes at once. Again is a success. Errors: `process_closed`. */
  async requestCancel(caller: Caller, processId: string): Promise<ProcessView> {
    this.#requireWritable();
    return this.#use(caller, "cancel", processId, async (process) => {
      await this.#registry.update(process, (record) => {
        if (record.outcome !== undefined) throw new ChannelError("process_closed", { processId });
        if (record.cancelRequest !== undefined) return undefined;
        return { ...record, cancelRequest: { by: caller.identity, at: process.now() } };
      });
      if (process.record.state === "waiting")
        await this.#settlement.close(process, { status: "cancelled" });
      return this.#view(process);
    });
  }

  /** Ends the process, durably and in every channel. Errors: `process_closed` if it ended otherwise, `executor_fenced`. */
  async closeProcess(
    caller: Caller,
    processId: string,
    outcome: Outcome,
    { term }: { readonly term?: number } = {},
  ): Promise<ProcessView> {
    this.#requireWritable();
    const checked = requireOutcome(outcome);
    return this.#useAsExecutor(caller, "close", { processId, term }, async (process) => {
      await this.#settlement.close(process, checked);
      return this.#view(process);
    });
  }

  /** Removes it with all its logs; its readers end with `deleted`. */
  async deleteProcess(caller: Caller, processId: string): Promise<void> {
    this.#requireWritable();
    await this.#use(caller, "delete", processId, (process) => this.#settlement.delete(process));
  }

  /** Errors: `process_not_found`, `channel_not_found`, `unauthorized`. */
  getChannel(caller: Caller, processId: string, name: string): Promise<ChannelView> {
    return this.#channels.get(caller, processId, name);
  }

  /** Those of a process that the caller may read. Errors: as `getProcess`. */
  async listChannels(caller: Caller, processId: string): Promise<readonly ChannelView[]> {
    return this.#use(caller, "get", processId, (process) => this.#channels.list(caller, process));
  }

  /**
   * Whether the caller may do this now, for a door that has not read the body yet. Errors: those that the
   * action itself gives for want of authority, and of what it is about.
   */
  async requireAction(caller: Caller, action: Action, place: ActionPlace = {}): Promise<void> {
    const { processId = "", channel, term } = place;
    if (action === "list") return;
    if (action === "create") {
      this.#audit.check(caller, { action }, () => requireCreate(caller, caller.identity));
    } else if (action === "back_up") {
      this.#audit.check(caller, { action }, () => requireAdministrator(caller));
    } else if ((action === "read" || action === "append") && channel !== undefined) {
      await this.#channels.requireAction(action, caller, { processId, channel, term });
    } else await this.#useAsExecutor(caller, action, { processId, term }, () => undefined);
  }

  /**
   * Adds all of the entries or none. Resolves when they are as durable as the store promises. Repeats of
   * what is there succeed and add nothing. Errors: all of the bare router's append, `process_closed`,
   * `executor_fenced`, `sequence_gap`, `sequence_conflict`, `sequence_too_old`, `producer_unknown`,
   * `too_many_producers`, `batch_too_large`, `overloaded`, `store_full`, `store_failed`, `unavailable` (in doubt).
   */
  async append(
    caller: Caller,
    processId: string,
    name: string,
    entries: readonly EntryInput[],
    options: { readonly producer?: string; readonly term?: number } = {},
  ): Promise<AppendAck> {
    this.#requireWritable();
    const result = this.#channels.append(caller, processId, name, entries, options);
    this.#appends.add(result);
    try {
      return await result;
    } finally {
      this.#appends.delete(result);
    }
  }

  /** Entries after a position, bounded; with `waitMs` waits for one. Errors: as `getChannel`. */
  async read(
    caller: Caller,
    processId: string,
    name: string,
    options: ReadOptions = {},
  ): Promise<ReadResult> {
    const subscription = await this.subscribe(caller, processId, name, {
      after: options.after ?? "start",
    });
    try {
      return await readOnce(subscription, options, this.#system.clock);
    } finally {
      subscription.close();
    }
  }

  /** From a cursor, by default from now. Errors: as `getChannel`, `overloaded` above the limit of subscriptions. */
  async subscribe(
    caller: Caller,
    processId: string,
    name: string,
    { after = "now" }: { readonly after?: StartAt } = {},
  ): Promise<ChannelSubscription> {
    this.#requireOpen();
    const subscription = await this.#channels.subscribe(caller, processId, name, after);
    // It may have been closed while the channel was opened.
    if (this.#isClosed) subscription.end("shutdown");
    return subscription;
  }

  /** Readers that a process has on this node. Errors: as `getProcess`. */
  async subscriptionCount(caller: Caller, processId: string): Promise<number> {
    return this.#use(caller, "get", processId, (process) => process.subscriptionCount);
  }

  /** Runs work with a process that the caller may do this to, and which stays in memory until then. */
  #use<Result>(
    caller: Caller,
    action: ProcessAction,
    processId: string,
    work: (process: OpenProcess) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#registry.use(processId, async (process) => {
      await this.#audit.checkFresh(caller, { action, processId }, process, () => {
        if (action === "assign_self") requireFree(caller, process.record, process.now());
        requireProcessAction(action, caller, process.record, process.now());
      });
      return work(process);
    });
  }

  /** As `#use`, under the term that the caller claims, if any. Errors: `executor_fenced`. */
  #useAsExecutor<Result>(
    caller: Caller,
    action: ProcessAction,
    { processId, term }: { readonly processId: string; readonly term: number | undefined },
    work: (process: OpenProcess) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#use(caller, action, processId, async (process) => {
      await this.#audit.checkFresh(caller, { action, processId, term }, process, () =>
        process.requireTerm(term),
      );
      return work(process);
    });
  }

  #createdBefore(
    process: OpenProcess,
    record: ProcessRecord,
  ): { readonly process: ProcessView; readonly created: boolean } {
    if (isSameSpec(process.record, record)) return { process: this.#view(process), created: false };
    throw new ChannelError("process_exists", { processId: record.id });
  }

  #view(process: OpenProcess): ProcessView {
    return createProcessView(process, this.limits);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ChannelError("shutting_down", { retryAfterMs: 1_000 });
  }

  /** Reads go on after a failed write; nothing else does. */
  #requireWritable(): void {
    this.#requireOpen();
    if (!this.#storeWrites)
      throw new ChannelError("store_failed", { reason: "a write has failed" });
  }
}
