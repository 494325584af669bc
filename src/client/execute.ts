import { ChannelError, invalidArgument, isChannelError } from "../core/errors.ts";
import { outcomeErrorLengthMax, type Outcome } from "../core/process-record.ts";
import { onAbort, raceSignal } from "./abort.ts";
import { ExecutorRole } from "./executor-role.ts";
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

export const defaultLeaseMs = 30_000;

/** What became of the function that does the job. */
type Ending<Result> = { readonly result: Result } | { readonly error: unknown };

export async function executeJob<Result>(
  session: Session,
  processId: string,
  run: (job: Job) => Promise<Result> | Result,
  options: ExecuteOptions,
): Promise<Result> {
  const { leaseMs = defaultLeaseMs, producer, signal } = options;
  const executorId = options.executorId ?? readSubject(await session.tokens.get());
  if (executorId === undefined)
    throw invalidArgument("executorId", "given where the token names nobody");
  const process = new ProcessHandle(session, processId);
  const { term } = await process.assign(executorId, { leaseMs });
  const role = new ExecutorRole({ process, term, leaseMs, system: session.system });
  const unfollow = onAbort(signal, (reason) => role.cancel(reason));
  const job = new Job(session, { processId, term, signal: role.signal }, producer);
  session.jobs.add(job);
  try {
    return await finish(role, job, await end(run, job));
  } finally {
    unfollow();
    role.close();
    session.jobs.delete(job);
    job.close(role.loss);
  }
}

async function end<Result>(
  run: (job: Job) => Promise<Result> | Result,
  job: Job,
): Promise<Ending<Result>> {
  try {
    return { result: await run(job) };
  } catch (error) {
    return { error };
  }
}

/** Waits until what the job sent is acknowledged, and closes the process with the outcome. */
async function finish<Result>(
  role: ExecutorRole,
  job: Job,
  ending: Ending<Result>,
): Promise<Result> {
  const outcome = outcomeOf(ending, role.isCancelled);
  try {
    await raceSignal(job.settled(), role.over);
    await role.closeProcess(outcome);
  } catch (error) {
    throw "error" in ending ? withCause(error, ending.error) : error;
  }
  if ("error" in ending) throw ending.error;
  return ending.result;
}

function outcomeOf(ending: Ending<unknown>, isCancelled: boolean): Outcome {
  if (isCancelled) return { status: "cancelled" };
  if (!("error" in ending)) return { status: "success" };
  const { error } = ending;
  const text = error instanceof Error ? error.message || error.name : String(error);
  return { status: "failed", error: text.slice(0, outcomeErrorLengthMax) || "unknown" };
}

/** Why the outcome was not delivered; what the job itself threw is not lost by it. */
function withCause(error: unknown, thrown: unknown): unknown {
  if (!isChannelError(error) || error === thrown) return error;
  return new ChannelError(error.code, error.details, { cause: thrown });
}
