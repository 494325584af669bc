import type { ProcessView } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import { delay } from "../../client/back-off.ts";
import type { Jobwire } from "../../client/index.ts";
import { isRetryable } from "../api.ts";
import type { JobProcess } from "./job-process.ts";

// Far more often than the lease lapses: this is also how a silent program learns that its server is away.
const renewalMsMax = 10_000;

export interface ExecutorEvents {
  onCancelRequested(by: string): void;
  /** Somebody closed or deleted the process or gave it to another executor: the program is to stop. */
  onTakenAway(reason: string): void;
  /** The server gave this program up, or refuses it for good; it may go on, but nobody hears of it. */
  onGivenUp(reason: string): void;
}

export interface RoleOptions {
  readonly leaseMs: number;
  readonly signal: AbortSignal;
}

/** Keeps the role of the executor and tells what happens to the process, until the signal. */
export async function keepRole(
  process: JobProcess,
  { leaseMs, signal }: RoleOptions,
  events: ExecutorEvents,
): Promise<void> {
  const { executor, id } = process;
  // A third: two renewals may be lost before the lease lapses.
  const renewalMs = Math.min(leaseMs / 3, renewalMsMax);
  await Promise.all([renewForever(), watchForever()]);

  async function renewForever(): Promise<void> {
    while (!signal.aborted) {
      try {
        await delay(executor.system, renewalMs, signal);
        await process.retry(async () => {
          const { generation } = process;
          const renew = (wire: Jobwire): Promise<ProcessView> =>
            wire.process(id).renewLease(process.term, signal);
          look(await executor.ask(renew, signal), generation);
        }, signal);
      } catch (error) {
        if (signal.aborted || !isRetryable(error)) return report(error);
      }
    }
  }

  async function watchForever(): Promise<void> {
    try {
      await process.retry(watchOnce, signal);
    } catch (error) {
      report(error);
    }
  }

  async function watchOnce(): Promise<void> {
    const { generation } = process;
    for await (const view of executor.wire().process(id).watch({ signal })) {
      // What this watch has told may be about the process before.
      if (generation !== process.generation) return await watchOnce();
      look(view, generation);
    }
    if (!signal.aborted) takeAway("the process was deleted");
  }

  function look({ cancelRequest, state, outcome, term }: ProcessView, generation: number): void {
    if (signal.aborted || generation !== process.generation) return;
    if (cancelRequest !== undefined) events.onCancelRequested(cancelRequest.by);
    const isLost = outcome?.status === "failed" && outcome.error.startsWith("executor_lost");
    if (state === "closed" && isLost)
      events.onGivenUp("the server heard nothing of this program and gave it up");
    else if (state === "closed") takeAway("the process was closed");
    else if (term !== process.term) takeAway("another executor took the process over");
  }

  function takeAway(reason: string): void {
    process.abandon();
    events.onTakenAway(reason);
  }

  function report(error: unknown): void {
    if (signal.aborted) return;
    if (isChannelError(error, "executor_fenced"))
      takeAway("another executor took the process over");
    // Why it was closed is seen by the watch.
    else if (!isChannelError(error, "process_closed") && !process.isAbandoned)
      events.onGivenUp(error instanceof Error ? error.message : String(error));
  }
}
