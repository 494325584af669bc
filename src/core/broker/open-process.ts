import { ChannelError, isChannelError, unavailable } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ProcessRecord, ResolvedChannelSpec } from "../process-record.ts";
import type { Revision, Store, StoredRecord } from "../store.ts";
import type { AppendCall } from "./append-call.ts";
import { refusalOf, requireChannelAction } from "./authority.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { Caller } from "./caller.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { OpenChannel } from "./open-channel.ts";
import { SenderRates } from "./sender-rates.ts";
import { UseCount } from "./use-count.ts";

/** Whoever keeps processes in memory. */
interface ProcessOwner {
  /** Nobody uses it any more. */
  readonly onUnused: (process: OpenProcess) => void;
  /** Takes in its record as the store has it. Errors: `process_not_found`, `unavailable`. */
  readonly reread: (process: OpenProcess) => Promise<void>;
}

/**
 * One process that is in memory, with its record as last heard of, and its readers. It is in use while one
 * of its channels is open, too.
 */
export class OpenProcess {
  readonly uses: UseCount;
  readonly rates: SenderRates;
  readonly #context: BrokerContext;
  /** Undefined before the first one: most processes have no reader. */
  #subscriptions: Set<ChannelSubscription> | undefined;
  readonly #reread: ProcessOwner["reread"];
  #record: ProcessRecord;
  #revision: Revision;
  /** Undefined before the first change of authority: most processes see none while they are in memory. */
  #exclusive: Promise<unknown> | undefined;
  #isForgotten = false;

  constructor(
    context: BrokerContext,
    { record, revision }: StoredRecord,
    { onUnused, reread }: ProcessOwner,
  ) {
    this.#context = context;
    this.#reread = reread;
    this.uses = new UseCount((isUsed) => {
      if (!isUsed) onUnused(this);
    });
    this.rates = new SenderRates(context.limits, context.system.clock);
    this.#record = record;
    this.#revision = revision;
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

  get windows(): MemoryBudget {
    return this.#context.windows;
  }

  get pages(): MemoryBudget {
    return this.#context.pages;
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

  /** Nobody uses it, and nothing is lost by reading it from the store when somebody does. */
  get isSpare(): boolean {
    const { state, settling } = this.#record;
    return !this.uses.isUsed && settling === undefined && this.rates.isRested(state);
  }

  /** Its record and its logs are gone. */
  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  get subscriptionCount(): number {
    return this.#subscriptions?.size ?? 0;
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

  /** For a promise that nobody waits for. */
  reporter(stage: string): (error: unknown) => void {
    return (error) => this.reportError(error, stage);
  }

  /** Takes in a newer record, and ends the readers that it takes the right from. */
  apply({ record, revision }: StoredRecord): void {
    this.#record = record;
    this.#revision = revision;
    for (const subscription of this.#subscriptions ?? []) {
      const { caller, channel } = subscription;
      const refusal = refusalOf("read", caller, record, { channel: channel.spec, now: this.now() });
      if (refusal !== undefined) subscription.end("revoked");
    }
  }

  /** One change of authority at a time on this node; other nodes are kept apart by the record's revision. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = (this.#exclusive ?? Promise.resolve()).then(work);
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

  /** Runs work with the channel open. Errors: `process_not_found` after its delete, and those of opening. */
  useChannel<Result>(
    spec: ResolvedChannelSpec,
    work: (channel: OpenChannel) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#context.channels.use(this, spec, work);
  }

  /** Runs work with all channels open. Errors: as `useChannel`. */
  useAllChannels<Result>(
    work: (channels: readonly OpenChannel[]) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#context.channels.useAll(this, work);
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
    this.#context.unclosed.hear(this.#record);
  }

  /**
   * Whether a refusal is to be looked into, because others may have written what makes it wrong: its record
   * has then been read again. `about` tells questions apart that the error does not. Errors: `unavailable`.
   */
  async isStale(caller: Caller, error: unknown, about = ""): Promise<boolean> {
    const { store, looks } = this.#context;
    if (!store.manifest.shared || !isChannelError(error)) return false;
    const { code, details } = error;
    const question = JSON.stringify([this.#record.id, about, details]);
    return looks.look(caller.identity, code, question, () => this.freshen());
  }

  /** Takes in the record as the store has it, where others may have written it. Errors: `unavailable`. */
  async freshen(): Promise<void> {
    if (this.store.manifest.shared) await this.#reread(this);
  }

  /**
   * A log has this term: where the record has a lower one, others have changed it, and nobody is to be judged
   * by it as it was. Errors: `unavailable`.
   */
  async catchUpWith(term: number): Promise<void> {
    if (term <= this.#record.term) return;
    await this.freshen();
    if (term > this.#record.term)
      throw unavailable("this node has not heard of the last change of authority yet");
  }

  addSubscription(subscription: ChannelSubscription): void {
    this.#subscriptions ??= new Set();
    this.#subscriptions.add(subscription);
  }

  removeSubscription(subscription: ChannelSubscription): void {
    this.#subscriptions?.delete(subscription);
  }

  endSubscriptions(reason: "deleted" | "shutdown"): void {
    for (const subscription of this.#subscriptions ?? []) subscription.end(reason);
  }

  /** It was deleted: its readers end, and its channels are closed whoever uses them. */
  forget(): void {
    this.#isForgotten = true;
    this.endSubscriptions("deleted");
    this.#context.channels.closeAll(this);
  }

  #fenced(lastSequence: number | undefined): ChannelError {
    const { id: processId, assignTerm: term } = this.#record;
    const sent = lastSequence === undefined ? {} : { lastSequence };
    return new ChannelError("executor_fenced", { processId, term, ...sent });
  }
}
