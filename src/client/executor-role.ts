import type { ProcessView } from "../core/broker/views.ts";
import { ChannelError, isChannelError } from "../core/errors.ts";
import type { Outcome } from "../core/process-record.ts";
import type { System } from "../core/system.ts";
import { isRetryable } from "../protocol/error-retry.ts";
import { delay } from "./back-off.ts";
import type { ProcessHandle } from "./process.ts";

/** Two renewals may be lost before the lease lapses. */
const renewalsPerLease = 3;

export interface ExecutorRoleOptions {
  readonly process: ProcessHandle;
  readonly term: number;
  readonly leaseMs: number;
  readonly system: System;
}

/** The executor's role while a job runs: renews its lease, and hears of a cancel or of having been replaced. */
export class ExecutorRole {
  readonly #options: ExecutorRoleOptions;
  readonly #job = new AbortController();
  readonly #over = new AbortController();
  #loss: ChannelError | undefined;
  #isCancelled = false;
  #isClosing = false;

  constructor(options: ExecutorRoleOptions) {
    this.#options = options;
    void this.#renew();
    void this.#watch();
  }

  /** For the job: aborted by a cancel, and when the role is lost. */
  get signal(): AbortSignal {
    return this.#job.signal;
  }

  /** Aborted once the role is lost, with why, or given back. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Why the role is no longer ours, if so. */
  get loss(): ChannelError | undefined {
    return this.#loss;
  }

  cancel(reason: unknown): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#job.abort(reason);
  }

  /** From now on to find the process closed is no loss any more. */
  async closeProcess(outcome: Outcome): Promise<void> {
    this.#isClosing = true;
    const { process, term } = this.#options;
    // However long the server is away: an outcome that is not delivered becomes a lost executor.
    await process.close(outcome, term, { signal: this.over, patienceMs: Infinity });
  }

  close(): void {
    this.#over.abort();
  }

  async #renew(): Promise<void> {
    const { process, term, leaseMs, system } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await delay(system, leaseMs / renewalsPerLease, signal);
        this.#look(await process.renewLease(term, signal));
      } catch (error) {
        if (!isChannelError(error) || !isRetryable(error)) this.#lose(error);
      }
    }
  }

  async #watch(): Promise<void> {
    const { process } = this.#options;
    try {
      for await (const view of process.watch({ signal: this.#over.signal })) this.#look(view);
      this.#lose(new ChannelError("process_not_found", { processId: process.id }));
    } catch (error) {
      this.#lose(error);
    }
  }

  #look({ id: processId, term, state, cancelRequest }: ProcessView): void {
    if (term > this.#options.term)
      this.#lose(new ChannelError("executor_fenced", { processId, term }));
    else if (state === "closed") this.#lose(new ChannelError("process_closed", { processId }));
    else if (cancelRequest !== undefined)
      this.cancel(new Error(`cancelled by ${cancelRequest.by}`));
  }

  /** Heard once: whatever fails afterwards has the same reason. */
  #lose(error: unknown): void {
    if (this.#over.signal.aborted) return;
    if (this.#isClosing && isChannelError(error, "process_closed")) return;
    this.#loss = isChannelError(error)
      ? error
      : new ChannelError("internal_error", {}, { cause: error });
    this.#job.abort(this.#loss);
    this.#over.abort(this.#loss);
  }
}
