import { ChannelError, isChannelError } from "../core/errors.ts";
import type { ProcessView } from "../core/broker/views.ts";
import type { Outcome } from "../core/process-record.ts";
import { errorStatus } from "../protocol/error-status.ts";
import { delay } from "./back-off.ts";
import { Job } from "./job.ts";
import { ProcessHandle } from "./process.ts";
import type { Session } from "./session.ts";
import { readSubject } from "./token-source.ts";

export interface ExecuteOptions {
  /** The identity that takes the role; the token's own unless given. */
  readonly executorId?: string;
  /** Silence after which the server takes the job for lost. */
  readonly leaseMs?: number;
  /** An id under which a restarted worker goes on; without one each life is a producer of its own. */
  readonly producer?: string;
  /** Aborts the job as a cancel does. */
  readonly signal?: AbortSignal;
}

const defaultLeaseMs = 30_000;
const renewalsPerLease = 3;

export async function executeJob<Result>(
  session: Session,
  processId: string,
  run: (job: Job) => Promise<Result> | Result,
  options: ExecuteOptions,
): Promise<Result> {
  const { leaseMs = defaultLeaseMs, producer, signal } = options;
  const executorId = options.executorId ?? readSubject(await session.tokens.get());
  if (executorId === undefined)
    throw new ChannelError("invalid_argument", {
      argument: "executorId",
      expected: "given where the token names nobody",
    });
  const process = new ProcessHandle(session, processId);
  const { term } = await process.assign(executorId, { leaseMs });
  const role = new Role(session, process, term, leaseMs);
  const follow = (): void => role.cancel(signal?.reason);
  if (signal?.aborted === true) follow();
  signal?.addEventListener("abort", follow);
  const job = new Job(session, { processId, term, signal: role.signal }, producer);
  try {
    return await settle(role, job, process, run);
  } finally {
    signal?.removeEventListener("abort", follow);
    role.close();
    job.close();
  }
}

/** Runs the job, waits until what it sent is acknowledged, and closes the process with the outcome. */
async function settle<Result>(
  role: Role,
  job: Job,
  process: ProcessHandle,
  run: (job: Job) => Promise<Result> | Result,
): Promise<Result> {
  let outcome: Outcome = { status: "success" };
  let ending: { readonly result: Result } | { readonly error: unknown };
  try {
    ending = { result: await run(job) };
  } catch (error) {
    ending = { error };
    outcome = { status: "failed", error: error instanceof Error ? error.message : String(error) };
  }
  if (role.isCancelled) outcome = { status: "cancelled" };
  await Promise.race([job.settled(), role.lost]);
  if (role.loss !== undefined) throw role.loss;
  await process.close(outcome, job.term);
  if ("error" in ending) throw ending.error;
  return ending.result;
}

/** The executor's role while a job runs: renews its lease, and hears of a cancel or of having been replaced. */
class Role {
  readonly #controller = new AbortController();
  readonly #over = new AbortController();
  readonly #process: ProcessHandle;
  readonly #term: number;
  #loss: ChannelError | undefined;
  isCancelled = false;
  readonly lost: Promise<void>;

  constructor(session: Session, process: ProcessHandle, term: number, leaseMs: number) {
    this.#process = process;
    this.#term = term;
    this.lost = new Promise((resolve) =>
      this.#over.signal.addEventListener("abort", () => resolve()),
    );
    void this.#renew(session, leaseMs);
    void this.#watch();
  }

  /** Why the role is no longer ours, if so. */
  get loss(): ChannelError | undefined {
    return this.#loss;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(reason: unknown): void {
    this.isCancelled = true;
    this.#controller.abort(reason);
  }

  close(): void {
    this.#over.abort();
  }

  async #renew(session: Session, leaseMs: number): Promise<void> {
    const { signal } = this.#over;
    try {
      while (!signal.aborted) {
        await delay(session.system, leaseMs / renewalsPerLease, signal);
        try {
          this.#look(await this.#process.renewLease(this.#term, signal));
        } catch (error) {
          if (signal.aborted || !isChannelError(error)) return;
          if (!errorStatus[error.code].retryable) return this.#lose(error);
        }
      }
    } catch {
      // The job is over.
    }
  }

  async #watch(): Promise<void> {
    try {
      for await (const view of this.#process.watch({ signal: this.#over.signal })) this.#look(view);
    } catch (error) {
      if (isChannelError(error) && !this.#over.signal.aborted) this.#lose(error);
    }
  }

  #look({ id: processId, term, state, cancelRequest }: ProcessView): void {
    if (this.#over.signal.aborted) return;
    if (term > this.#term) this.#lose(new ChannelError("executor_fenced", { processId, term }));
    else if (state === "closed") this.#lose(new ChannelError("process_closed", { processId }));
    else if (cancelRequest !== undefined && !this.isCancelled)
      this.cancel(new Error(`cancelled by ${cancelRequest.by}`));
  }

  #lose(error: ChannelError): void {
    this.#loss ??= error;
    this.#controller.abort(error);
    this.#over.abort();
  }
}
