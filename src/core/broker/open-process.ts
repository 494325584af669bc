import { ChannelError } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ProcessRecord, ResolvedChannelSpec } from "../process-record.ts";
import { RateLimiter } from "../rate-limiter.ts";
import type { Revision, Store, StoredRecord } from "../store.ts";
import type { System } from "../system.ts";
import type { AppendCall } from "./append-call.ts";
import { refusalOf, requireChannelAction } from "./authority.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import { OpenChannel } from "./open-channel.ts";

/** What all processes of one broker share. */
export interface BrokerContext {
  readonly store: Store;
  readonly limits: BrokerLimits;
  readonly system: System;
  /** Bytes of entries, over all channels, that wait for the store. */
  readonly budget: { stagedBytes: number };
  reportError(error: unknown, stage: string): void;
  storeFailed(error: unknown): void;
}

interface SenderRates {
  readonly entries: RateLimiter;
  readonly repeats: RateLimiter;
}

/** Identities of one process whose rates are kept; more than that have not all been here lately. */
const senderRatesMax = 1_000;

/** One process with its record as last heard of, its open channels and its readers. */
export class OpenProcess {
  readonly #context: BrokerContext;
  readonly #channels = new Map<string, Promise<OpenChannel>>();
  readonly #rates = new Map<string, SenderRates>();
  readonly #subscriptions = new Set<ChannelSubscription>();
  #record: ProcessRecord;
  #revision: Revision;
  #heardAtMs: number;
  #exclusive: Promise<unknown> = Promise.resolve();

  constructor(context: BrokerContext, { record, revision }: StoredRecord) {
    this.#context = context;
    this.#record = record;
    this.#revision = revision;
    // Silence counts from when this broker began to listen, so a stopped server loses nobody his lease.
    this.#heardAtMs = context.system.clock.monotonicMs();
  }

  get store(): Store {
    return this.#context.store;
  }

  get limits(): BrokerLimits {
    return this.#context.limits;
  }

  get budget(): { stagedBytes: number } {
    return this.#context.budget;
  }

  get record(): ProcessRecord {
    return this.#record;
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** Its end is decided, though maybe not in every log yet. */
  get isClosing(): boolean {
    return this.#record.outcome !== undefined || this.isDeleting;
  }

  get isDeleting(): boolean {
    return this.#record.settling?.kind === "tombstone";
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  now(): number {
    return this.#context.system.clock.now();
  }

  randomId(length: number): string {
    return this.#context.system.randomId(length);
  }

  reportError(error: unknown, stage: string): void {
    this.#context.reportError(error, stage);
  }

  /** Takes in a newer record, and ends the readers that it takes the right from. */
  apply({ record, revision }: StoredRecord): void {
    if (record.assignTerm !== this.#record.assignTerm) this.hear();
    this.#record = record;
    this.#revision = revision;
    for (const subscription of this.#subscriptions) {
      const { caller, channel } = subscription;
      const refusal = refusalOf("read", caller, record, { channel: channel.spec, now: this.now() });
      if (refusal !== undefined) subscription.end("revoked");
    }
  }

  /** One change of authority at a time on this node; other nodes are kept apart by the record's revision. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#exclusive.then(work);
    this.#exclusive = result.catch(() => undefined);
    return result;
  }

  /** Errors: `channel_not_found`. */
  requireSpec(name: string): ResolvedChannelSpec {
    const spec = this.#record.channels.find((channel) => channel.name === name);
    if (spec === undefined)
      throw new ChannelError("channel_not_found", { processId: this.#record.id, channel: name });
    return spec;
  }

  /** Opened once, however many ask for it at the same time. */
  channel(spec: ResolvedChannelSpec): Promise<OpenChannel> {
    let channel = this.#channels.get(spec.name);
    if (channel === undefined) {
      channel = OpenChannel.open(this, spec);
      this.#channels.set(spec.name, channel);
      channel.catch(() => this.#channels.delete(spec.name));
    }
    return channel;
  }

  allChannels(): Promise<readonly OpenChannel[]> {
    return Promise.all(this.#record.channels.map((spec) => this.channel(spec)));
  }

  /** That of the last assign, if one is claimed. Errors: `executor_fenced`. */
  requireTerm(term: number | undefined, lastSequence?: number): void {
    if (term !== undefined && term !== this.#record.assignTerm) throw this.#fenced(lastSequence);
  }

  /** Whether the call may append now, under the term it claims. Errors: `executor_fenced`, `unauthorized`. */
  requireAppend(
    call: AppendCall,
    spec: ResolvedChannelSpec,
    lastSequence?: number,
    { isAgain = false } = {},
  ): void {
    const { executorId } = this.#record;
    this.requireTerm(call.term, lastSequence);
    if (isAgain) {
      // It was permitted when it came: only a change of authority can have taken that away.
      const refusal = refusalOf("append", call.caller, this.#record, {
        channel: spec,
        now: this.now(),
      });
      if (refusal !== undefined) throw this.#fenced(lastSequence);
      return;
    }
    requireChannelAction("append", call.caller, this.#record, spec, this.now());
    if (call.caller.identity === executorId) this.hear();
  }

  requireRate(identity: string, count: number): void {
    const { entries } = this.#ratesOf(identity);
    if (entries.canAllow(count)) return;
    throw new ChannelError("rate_limit_exceeded", { retryAfterMs: entries.retryAfterMs(count) });
  }

  takeRate(identity: string, count: number): void {
    this.#ratesOf(identity).entries.allowMany(count);
  }

  takeRepeats(identity: string, count: number): void {
    const { repeats } = this.#ratesOf(identity);
    if (repeats.allowMany(count)) return;
    throw new ChannelError("rate_limit_exceeded", { retryAfterMs: repeats.retryAfterMs(count) });
  }

  /** Errors: `overloaded`, `store_full`. */
  requireBudget(bytes: number): void {
    const { stagedBytesMax, storeBytesMax } = this.limits;
    const { stagedBytes } = this.budget;
    if (stagedBytes + bytes > stagedBytesMax && stagedBytes > 0)
      throw new ChannelError("overloaded", { retryAfterMs: 1_000 });
    if (this.store.keptBytes() + stagedBytes + bytes > storeBytesMax) {
      throw new ChannelError("store_full", {
        reason: `the limit of ${storeBytesMax} bytes for all channels is reached`,
      });
    }
  }

  storeFailed(error: unknown): void {
    this.#context.storeFailed(error);
  }

  /** The executor has shown that it lives. */
  hear(): void {
    this.#heardAtMs = this.#context.system.clock.monotonicMs();
  }

  /** Whether the executor has been silent for all of its lease, and this node has listened all that time. */
  isExecutorLost(): boolean {
    if (this.#record.state !== "running" || this.isClosing) return false;
    const patienceMs = this.#record.leaseMs ?? this.limits.executorSilenceMs;
    return this.#context.system.clock.monotonicMs() - this.#heardAtMs > patienceMs;
  }

  addSubscription(subscription: ChannelSubscription): void {
    this.#subscriptions.add(subscription);
  }

  removeSubscription(subscription: ChannelSubscription): void {
    this.#subscriptions.delete(subscription);
  }

  endSubscriptions(reason: "deleted" | "shutdown"): void {
    for (const subscription of this.#subscriptions) subscription.end(reason);
  }

  dispose(): void {
    for (const channel of this.#channels.values()) {
      channel.then((open) => open.dispose()).catch(() => undefined);
    }
    this.#channels.clear();
  }

  #fenced(lastSequence: number | undefined): ChannelError {
    const { id: processId, assignTerm: term } = this.#record;
    const sent = lastSequence === undefined ? {} : { lastSequence };
    return new ChannelError("executor_fenced", { processId, term, ...sent });
  }

  #ratesOf(identity: string): SenderRates {
    let rates = this.#rates.get(identity);
    if (rates === undefined) {
      const { entryBurst, entriesPerSecond, repeatBurst, repeatsPerSecond } = this.limits;
      const { clock } = this.#context.system;
      rates = {
        entries: new RateLimiter(entryBurst, entriesPerSecond, { clock }),
        repeats: new RateLimiter(repeatBurst, repeatsPerSecond, { clock }),
      };
      if (this.#rates.size >= senderRatesMax)
        this.#rates.delete(this.#rates.keys().next().value ?? "");
      this.#rates.set(identity, rates);
    }
    return rates;
  }
}
