import { ChannelError, isChannelError } from "../errors.ts";
import type { EntryInput } from "../entry.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Outcome, ProcessRecord } from "../process-record.ts";
import type { Store } from "../store.ts";
import { defaultSystem } from "../system.ts";
import type { System } from "../system.ts";
import { Audit } from "./audit.ts";
import { refusalOf, requireCreate, requireProcessAction } from "./authority.ts";
import type { Action, ProcessAction } from "./authority.ts";
import { resolveBrokerLimits } from "./broker-limits.ts";
import type { Caller } from "./caller.ts";
import { Caretaker } from "./caretaker.ts";
import { ChannelAccess } from "./channel-access.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import { GrantAccess } from "./grant-access.ts";
import type { BrokerContext, OpenProcess } from "./open-process.ts";
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
import { toChannelError } from "./store-error.ts";
import type {
  AppendAck,
  AuditEvent,
  ChannelView,
  ProcessSpec,
  ProcessView,
  ReadResult,
  StartAt,
} from "./views.ts";

export interface BrokerOptions {
  readonly store: Store;
  /** Clock and random ids. */
  readonly system?: System;
  readonly limits?: Partial<BrokerLimits>;
  /** Told of every failure that nobody waits for. */
  readonly onError?: (error: unknown, context: { readonly stage: string }) => void;
  /** Told of every refusal for want of authority. */
  readonly onAudit?: (event: AuditEvent) => void;
}

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
    this.#context = {
      store,
      limits: this.limits,
      system,
      budget: { stagedBytes: 0 },
      reportError: (error, stage) => onError?.(error, { stage }),
      storeFailed: () => (this.#hasFailed = true),
    };
    this.#registry = new ProcessRegistry(this.#context);
    this.#settlement = new Settlement(this.#registry);
    this.#caretaker = new Caretaker(this.#context, this.#registry, this.#settlement);
    this.#channels = new ChannelAccess(this.#context, this.#registry, this.#audit);
    this.grants = new GrantAccess(this.#context, this.#registry, this.#settlement, {
      permitted: async (caller, processId) => await this.#permitted(caller, "share", processId),
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
    for (const process of this.#registry.all) process.endSubscriptions("shutdown");
    for (const watch of this.#watches) watch.close();
    this.#registry.dispose();
  }

  /** False once the store has stopped, or this broker was closed. */
  isReady(): boolean {
    return !this.#hasFailed && !this.#isClosed;
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
    const known = await this.#registry
      .find(record.id)
      .catch((error: unknown) => Promise.reject(toChannelError(error)));
    if (known?.isDeleting === true) await this.#settlement.finish(known);
    else if (known !== undefined) return this.#createdBefore(known, record);
    const process = await this.#registry.create(record).catch(async (error: unknown) => {
      if (isChannelError(error, "process_exists")) return this.#registry.require(record.id);
      throw error;
    });
    if (process.record.life !== record.life) return this.#createdBefore(process, record);
    await process.allChannels();
    return { process: this.#view(process), created: true };
  }

  /** Those the caller may see, in order of id. `next` is the `after` of the following page. */
  listProcesses(caller: Caller, options: ListOptions = {}): Promise<ProcessPage> {
    return listProcesses(this.#context, caller, options);
  }

  /** Errors: `process_not_found`, `forbidden`. */
  async getProcess(caller: Caller, processId: string): Promise<ProcessView> {
    return this.#view(await this.#permitted(caller, "get", processId));
  }

  /** One process, or all that the caller may see. Errors: `process_not_found`, `forbidden`. */
  async watchProcesses(
    caller: Caller,
    { processId }: { readonly processId?: string } = {},
  ): Promise<ProcessWatch> {
    this.#requireOpen();
    if (processId !== undefined) await this.#permitted(caller, "get", processId);
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
    const process = await this.#permitted(
      caller,
      executorId === caller.identity ? "assign_self" : "assign",
      processId,
    );
    await this.#settlement.assign(process, executorId, leaseMs);
    return this.#view(process);
  }

  /** The executor says that it lives; the answer shows a cancel request. Errors: as `assign`, `executor_fenced`. */
  async renewLease(
    caller: Caller,
    processId: string,
    { term }: { readonly term?: number } = {},
  ): Promise<ProcessView> {
    const process = await this.#permittedExecutor(caller, "renew", processId, term);
    process.hear();
    return this.#view(process);
  }

  /** Durable, with who and when. A process that nobody runs closes at once. Again is a success. Errors: `process_closed`. */
  async requestCancel(caller: Caller, processId: string): Promise<ProcessView> {
    this.#requireWritable();
    const process = await this.#permitted(caller, "cancel", processId);
    await this.#registry.update(process, (record) => {
      if (record.outcome !== undefined) throw new ChannelError("process_closed", { processId });
      if (record.cancelRequest !== undefined) return undefined;
      return { ...record, cancelRequest: { by: caller.identity, at: process.now() } };
    });
    if (process.record.state === "waiting")
      await this.#settlement.close(process, { status: "cancelled" });
    return this.#view(process);
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
    const process = await this.#permittedExecutor(caller, "close", processId, term);
    await this.#settlement.close(process, checked);
    return this.#view(process);
  }

  /** Removes it with all its logs; its readers end with `deleted`. */
  async deleteProcess(caller: Caller, processId: string): Promise<void> {
    this.#requireWritable();
    await this.#settlement.delete(await this.#permitted(caller, "delete", processId));
  }

  /** Errors: `process_not_found`, `channel_not_found`, `unauthorized`. */
  getChannel(caller: Caller, processId: string, name: string): Promise<ChannelView> {
    return this.#channels.get(caller, processId, name);
  }

  /** Those of a process that the caller may read. Errors: as `getProcess`. */
  async listChannels(caller: Caller, processId: string): Promise<readonly ChannelView[]> {
    return await this.#channels.list(caller, await this.#permitted(caller, "get", processId));
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
    } else if ((action === "read" || action === "append") && channel !== undefined) {
      await this.#channels.requireAction(action, caller, { processId, channel, term });
    } else await this.#permittedExecutor(caller, action, processId, term);
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
    return (await this.#permitted(caller, "get", processId)).subscriptionCount;
  }

  async #permitted(caller: Caller, action: ProcessAction, processId: string): Promise<OpenProcess> {
    const process = await this.#registry.require(processId);
    this.#audit.check(caller, { action, processId }, () => {
      if (action === "assign_self") requireFree(caller, process);
      requireProcessAction(action, caller, process.record, process.now());
    });
    return process;
  }

  async #permittedExecutor(
    caller: Caller,
    action: ProcessAction,
    processId: string,
    term: number | undefined,
  ): Promise<OpenProcess> {
    const process = await this.#permitted(caller, action, processId);
    const { assignTerm } = process.record;
    if (term === undefined || term === assignTerm) return process;
    const fenced = new ChannelError("executor_fenced", { processId, term: assignTerm });
    throw this.#audit.noted(caller, { action, processId }, fenced);
  }

  #createdBefore(
    process: OpenProcess,
    record: ProcessRecord,
  ): { readonly process: ProcessView; readonly created: boolean } {
    if (!isSameSpec(process.record, record))
      throw new ChannelError("process_exists", { processId: record.id });
    return { process: this.#view(process), created: false };
  }

  #view({ record, revision }: OpenProcess): ProcessView {
    return createProcessView({ record, revision }, this.limits);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ChannelError("shutting_down", { retryAfterMs: 1_000 });
  }

  /** Reads go on after a failed write; nothing else does. */
  #requireWritable(): void {
    this.#requireOpen();
    if (this.#hasFailed) throw new ChannelError("store_failed", { reason: "a write has failed" });
  }
}

/** Errors: `process_not_waiting` for a candidate who comes after another one. */
function requireFree(caller: Caller, process: OpenProcess): void {
  const { record } = process;
  const isLate = record.state === "running" && record.executors.includes(caller.identity);
  if (!isLate || record.executorId === caller.identity) return;
  if (refusalOf("assign", caller, record, { now: process.now() }) === undefined) return;
  throw new ChannelError("process_not_waiting", { processId: record.id, state: record.state });
}
