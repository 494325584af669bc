import { ChannelError, invalidArgument, isChannelError } from "../errors.ts";
import type { EntryInput } from "../entry.ts";
import { defaultBrokerLimits, memoryClosedProcessAgeMs } from "../limits.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Outcome, ProcessRecord, ProcessState } from "../process-record.ts";
import type { Store } from "../store.ts";
import { defaultSystem } from "../system.ts";
import type { System } from "../system.ts";
import { refusalOf, requireChannelAction, requireProcessAction } from "./authority.ts";
import type { Action } from "./authority.ts";
import type { Caller } from "./caller.ts";
import { Caretaker } from "./caretaker.ts";
import { ChannelSubscription } from "./channel-subscription.ts";
import { createAppendCall } from "./entry-input.ts";
import type { OpenChannel } from "./open-channel.ts";
import type { BrokerContext, OpenProcess } from "./open-process.ts";
import { ProcessRegistry } from "./process-registry.ts";
import { createRecord, isSameSpec, requireId, requireIdentity, requireLease, requireOutcome } from "./process-spec.ts";
import { createProcessView } from "./process-view.ts";
import { ProcessWatch } from "./process-watch.ts";
import { readOnce } from "./read-once.ts";
import type { ReadOptions } from "./read-once.ts";
import { Settlement } from "./settlement.ts";
import { resolveStart } from "./start-position.ts";
import { toChannelError } from "./store-error.ts";
import type { AppendAck, AuditEvent, ChannelView, ProcessSpec, ProcessView, ReadResult, StartAt } from "./views.ts";

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

export function resolveBrokerLimits(limits: Partial<BrokerLimits>, store: Store): BrokerLimits {
  const closedProcessAgeMs = store.manifest.durable ? defaultBrokerLimits.closedProcessAgeMs : memoryClosedProcessAgeMs;
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaultBrokerLimits)) throw new TypeError(`unknown limit of Broker: ${name}`);
    if (typeof value === "number" && !(value >= 0)) throw new RangeError(`${name} must be at least 0, got ${value}`);
  }
  return { ...defaultBrokerLimits, closedProcessAgeMs, ...given };
}

const listPageMax = 500;
const listPageDefault = 100;

/** Router and store in one: nothing is shown or acknowledged before the store has it. */
export class Broker {
  readonly store: Store;
  readonly limits: BrokerLimits;
  readonly #system: System;
  readonly #context: BrokerContext;
  readonly #registry: ProcessRegistry;
  readonly #settlement: Settlement;
  readonly #caretaker: Caretaker;
  readonly #watches = new Set<ProcessWatch>();
  readonly #onAudit: (event: AuditEvent) => void;
  readonly #appends = new Set<Promise<unknown>>();
  #hasFailed = false;
  #isClosed = false;

  constructor({ store, system = defaultSystem, limits = {}, onError, onAudit }: BrokerOptions) {
    this.store = store;
    this.limits = resolveBrokerLimits(limits, store);
    this.#system = system;
    this.#onAudit = onAudit ?? (() => undefined);
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
  async createProcess(caller: Caller, spec: ProcessSpec): Promise<{ readonly process: ProcessView; readonly created: boolean }> {
    this.#requireOpen();
    const submitterId = spec.submitterId ?? caller.identity;
    const mayCreate = caller.grant === undefined && caller.narrowed?.processId === undefined && caller.narrowed?.ops === undefined;
    if (!mayCreate || (submitterId !== caller.identity && !caller.isAdmin)) {
      throw this.#audited(caller, "create", spec.id, new ChannelError("forbidden", { reason: "create for others needs admin" }));
    }
    if (spec.leaseMs !== undefined) requireLease(spec.leaseMs, this.limits);
    const record = createRecord(spec, submitterId, this.limits, this.#system);
    const known = await this.#registry.find(record.id).catch((error: unknown) => Promise.reject(toChannelError(error)));
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
  async listProcesses(
    caller: Caller,
    options: { readonly after?: string; readonly limit?: number; readonly state?: ProcessState; readonly label?: string } = {},
  ): Promise<{ readonly processes: readonly ProcessView[]; readonly next?: string }> {
    const { limit = listPageDefault, state, label } = options;
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= listPageMax)) throw invalidArgument("limit", `an integer from 1 to ${listPageMax}`, String(limit));
    const processes: ProcessView[] = [];
    let after = options.after ?? "";
    // A caller who may see little does not make the whole store be read for one page.
    for (let pages = 0; pages < 10; pages++) {
      const page = await this.store.listRecords({ after, limit: listPageMax }).catch((error: unknown) => Promise.reject(toChannelError(error)));
      for (const stored of page) {
        after = stored.record.id;
        if (!this.#maySee(caller, stored.record)) continue;
        if (state !== undefined && stored.record.state !== state) continue;
        if (label !== undefined && stored.record.label !== label) continue;
        processes.push(createProcessView(stored, this.limits));
        if (processes.length === limit) return { processes, next: after };
      }
      if (page.length < listPageMax) return { processes };
    }
    return { processes, next: after };
  }

  /** Errors: `process_not_found`, `forbidden`. */
  async getProcess(caller: Caller, processId: string): Promise<ProcessView> {
    return this.#view(await this.#permitted(caller, "get", processId));
  }

  /** One process, or all that the caller may see. Errors: `process_not_found`, `forbidden`. */
  async watchProcesses(caller: Caller, { processId }: { readonly processId?: string } = {}): Promise<ProcessWatch> {
    this.#requireOpen();
    if (processId !== undefined) await this.#permitted(caller, "get", processId);
    const shown = new Set<string>();
    const unlisten = this.#registry.listen((id, process) => {
      if (processId !== undefined && id !== processId) return;
      if (process !== undefined && this.#maySee(caller, process.record)) {
        shown.add(id);
        watch.push(id, { process: this.#view(process) });
      } else if (shown.delete(id)) watch.push(id, { deleted: id });
    });
    const watch = new ProcessWatch(() => {
      unlisten();
      this.#watches.delete(watch);
    });
    this.#watches.add(watch);
    if (processId === undefined) await this.#registry.load().catch((error: unknown) => Promise.reject(toChannelError(error)));
    for (const process of this.#registry.all) {
      const { id } = process.record;
      if ((processId !== undefined && id !== processId) || !this.#maySee(caller, process.record)) continue;
      shown.add(id);
      watch.push(id, { process: this.#view(process) });
    }
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
    this.#requireOpen();
    requireIdentity("executorId", executorId);
    if (leaseMs !== undefined) requireLease(leaseMs, this.limits);
    const process = await this.#permitted(caller, executorId === caller.identity ? "assign_self" : "assign", processId);
    await this.#settlement.assign(process, executorId, leaseMs);
    return this.#view(process);
  }

  /** The executor says that it lives; the answer shows a cancel request. Errors: as `assign`, `executor_fenced`. */
  async renewLease(caller: Caller, processId: string, { term }: { readonly term?: number } = {}): Promise<ProcessView> {
    const process = await this.#permittedExecutor(caller, "renew", processId, term);
    process.hear();
    return this.#view(process);
  }

  /** Durable, with who and when. A process that nobody runs closes at once. Again is a success. Errors: `process_closed`. */
  async requestCancel(caller: Caller, processId: string): Promise<ProcessView> {
    this.#requireOpen();
    const process = await this.#permitted(caller, "cancel", processId);
    await this.#registry.update(process, (record) => {
      if (record.outcome !== undefined) throw new ChannelError("process_closed", { processId });
      if (record.cancelRequest !== undefined) return undefined;
      return { ...record, cancelRequest: { by: caller.identity, at: process.now() } };
    });
    if (process.record.state === "waiting") await this.#settlement.close(process, { status: "cancelled" });
    return this.#view(process);
  }

  /** Ends the process, durably and in every channel. Errors: `process_closed` if it ended otherwise, `executor_fenced`. */
  async closeProcess(
    caller: Caller,
    processId: string,
    outcome: Outcome,
    { term }: { readonly term?: number } = {},
  ): Promise<ProcessView> {
    this.#requireOpen();
    const checked = requireOutcome(outcome);
    const process = await this.#permittedExecutor(caller, "close", processId, term);
    await this.#settlement.close(process, checked);
    return this.#view(process);
  }

  /** Removes it with all its logs; its readers end with `deleted`. */
  async deleteProcess(caller: Caller, processId: string): Promise<void> {
    this.#requireOpen();
    await this.#settlement.delete(await this.#permitted(caller, "delete", processId));
  }

  /** Errors: `process_not_found`, `channel_not_found`, `unauthorized`. */
  async getChannel(caller: Caller, processId: string, name: string): Promise<ChannelView> {
    const { process, channel } = await this.#readable(caller, processId, name);
    const { seal, cumulativeBytes, trimmedBytes } = channel.head;
    return {
      spec: channel.spec,
      epoch: process.record.epoch,
      first: channel.first,
      last: channel.visible,
      keptBytes: cumulativeBytes - trimmedBytes,
      ...(seal === undefined ? {} : { outcome: seal }),
    };
  }

  /** Whether the caller may append now, for a door that has not read the body yet. */
  async requireAppend(caller: Caller, processId: string, name: string): Promise<void> {
    this.#requireOpen();
    const process = await this.#registry.require(processId);
    this.#auditing(caller, "append", process, name, () => {
      requireChannelAction("append", caller, process.record, process.requireSpec(name), this.#system.clock.now());
    });
  }

  /**
   * Adds all of the entries or none. Resolves when they are as durable as the store promises. Repeats of
   * what is there succeed and add nothing. Errors: all of SEED-API's append, `process_closed`,
   * `executor_fenced`, `sequence_gap`, `sequence_conflict`, `sequence_too_old`, `producer_unknown`,
   * `too_many_producers`, `batch_too_large`, `overloaded`, `store_full`, `store_failed`, `unavailable` (in doubt).
   */
  append(
    caller: Caller,
    processId: string,
    name: string,
    entries: readonly EntryInput[],
    options: { readonly producer?: string; readonly term?: number } = {},
  ): Promise<AppendAck> {
    const result = this.#append(caller, processId, name, entries, options);
    this.#appends.add(result);
    const forget = (): boolean => this.#appends.delete(result);
    result.then(forget, forget);
    return result;
  }

  async #append(
    caller: Caller,
    processId: string,
    name: string,
    entries: readonly EntryInput[],
    options: { readonly producer?: string; readonly term?: number },
  ): Promise<AppendAck> {
    this.#requireOpen();
    const call = createAppendCall(caller, entries, options, { limits: this.limits, now: this.#system.clock.now() });
    const process = await this.#registry.require(processId);
    const spec = process.requireSpec(name);
    try {
      const channel = await process.channel(spec);
      await channel.append(call);
    } catch (error) {
      throw this.#audited(caller, "append", processId, toChannelError(error), name);
    }
    const appended = call.outcomes.map(({ entry, duplicate, compared }, index) => ({
      position: entry?.position ?? 0,
      sequence: call.entries[index]?.sequence ?? 0,
      duplicate,
      compared,
    }));
    const position = Math.max(0, ...appended.map((entry) => entry.position));
    return { entries: appended, cursor: { epoch: process.record.epoch, position } };
  }

  /** Entries after a position, bounded; with `waitMs` waits for one. Errors: as `getChannel`. */
  async read(caller: Caller, processId: string, name: string, options: ReadOptions = {}): Promise<ReadResult> {
    const subscription = await this.subscribe(caller, processId, name, { after: options.after ?? "start" });
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
    const { process, channel } = await this.#readable(caller, processId, name);
    if (process.subscriptionCount >= this.limits.subscriptionsPerProcess) throw new ChannelError("overloaded", { retryAfterMs: 5_000 });
    const start = await resolveStart(channel, process.record.epoch, after).catch((error: unknown) => Promise.reject(toChannelError(error)));
    const subscription = new ChannelSubscription(process, channel, caller, start);
    // It may have been shut down or revoked while the channel was opened.
    if (this.#isClosed) subscription.end("shutdown");
    else if (refusalOf("read", caller, process.record, { channel: channel.spec, now: process.now() }) !== undefined) subscription.end("revoked");
    return subscription;
  }

  async #readable(caller: Caller, processId: string, name: string): Promise<{ process: OpenProcess; channel: OpenChannel }> {
    const process = await this.#registry.require(processId);
    const spec = this.#auditing(caller, "read", process, name, () => {
      const found = process.requireSpec(name);
      requireChannelAction("read", caller, process.record, found, this.#system.clock.now());
      return found;
    });
    const channel = await process.channel(spec).catch((error: unknown) => Promise.reject(toChannelError(error)));
    return { process, channel };
  }

  async #permitted(caller: Caller, action: Action, processId: string): Promise<OpenProcess> {
    const process = await this.#registry.require(requireId("process", processId));
    this.#auditing(caller, action, process, undefined, () => {
      const { record } = process;
      if (action === "assign_self" && record.state === "running" && record.executors.includes(caller.identity) && record.executorId !== caller.identity) {
        const isOwner = refusalOf("assign", caller, record, { now: process.now() }) === undefined;
        if (!isOwner) throw new ChannelError("process_not_waiting", { processId, state: record.state });
      }
      requireProcessAction(action, caller, record, process.now());
    });
    return process;
  }

  async #permittedExecutor(caller: Caller, action: Action, processId: string, term: number | undefined): Promise<OpenProcess> {
    const process = await this.#permitted(caller, action, processId);
    const { assignTerm } = process.record;
    if (term === undefined || term === assignTerm) return process;
    throw this.#audited(caller, action, processId, new ChannelError("executor_fenced", { processId, term: assignTerm }));
  }

  #createdBefore(process: OpenProcess, record: ProcessRecord): { readonly process: ProcessView; readonly created: boolean } {
    if (!isSameSpec(process.record, record)) throw new ChannelError("process_exists", { processId: record.id });
    return { process: this.#view(process), created: false };
  }

  #maySee(caller: Caller, record: ProcessRecord): boolean {
    if (record.settling?.kind === "tombstone") return false;
    return refusalOf("get", caller, record, { now: this.#system.clock.now() }) === undefined;
  }

  #view({ record, revision }: OpenProcess): ProcessView {
    return createProcessView({ record, revision }, this.limits);
  }

  #auditing<Result>(caller: Caller, action: string, { record }: OpenProcess, channel: string | undefined, check: () => Result): Result {
    try {
      return check();
    } catch (error) {
      throw this.#audited(caller, action, record.id, error, channel);
    }
  }

  #audited(caller: Caller, action: string, processId: string | undefined, error: unknown, channel?: string): unknown {
    const isRefusal = isChannelError(error, "unauthorized") || isChannelError(error, "forbidden") || isChannelError(error, "executor_fenced");
    if (isRefusal) {
      const { identity } = caller;
      const place = { ...(processId === undefined ? {} : { processId }), ...(channel === undefined ? {} : { channel }) };
      this.#onAudit({ identity, action, code: error.code, ...place });
    }
    return error;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ChannelError("shutting_down", { retryAfterMs: 1_000 });
    if (this.#hasFailed) throw new ChannelError("store_failed", { reason: "a write has failed" });
  }
}
