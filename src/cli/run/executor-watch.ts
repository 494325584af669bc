import { isChannelError } from "../../core/errors.ts";
import type { JsonProcess } from "../../protocol/index.ts";
import { isRetryable, type Api } from "../api.ts";
import { delay } from "../retry.ts";
import { renewLease, watchProcess } from "../process-api.ts";

/** Silence after which the server takes the program for lost. */
export const leaseMs = 30_000;

export interface ExecutorEvents {
  onCancelRequested(by: string): void;
  /** Somebody closed or deleted the process or gave it to another executor: the program is to stop. */
  onTakenAway(reason: string): void;
  /** The server gave this program up or has forgotten it; it may go on, but nobody hears of it. */
  onForgotten(reason: string): void;
}

/** Keeps the role of the executor and tells what happens to the process, until the signal. */
export async function keepRole(
  api: Api,
  {
    processId,
    term,
    signal,
  }: { readonly processId: string; readonly term: number; readonly signal: AbortSignal },
  events: ExecutorEvents,
): Promise<void> {
  await Promise.all([renewForever(), watchForever()]);

  async function renewForever(): Promise<void> {
    while (!signal.aborted) {
      try {
        // A third: two renewals may be lost before the lease lapses.
        await delay(api.system, leaseMs / 3, signal);
        look(await renewLease(api, processId, term, signal));
      } catch (error) {
        if (signal.aborted || !isRetryable(error)) return report(error);
      }
    }
  }

  async function watchForever(): Promise<void> {
    try {
      for await (const process of watchProcess(api, processId, signal)) {
        if (process === undefined) return events.onTakenAway("the process was deleted");
        look(process);
      }
    } catch (error) {
      report(error);
    }
  }

  function look({ cancelrequest, state, outcome, term: current }: JsonProcess): void {
    if (signal.aborted) return;
    if (cancelrequest !== undefined) events.onCancelRequested(cancelrequest.by);
    const isLost =
      outcome?.status === "failed" && outcome.error?.startsWith("executor_lost") === true;
    if (state === "closed" && isLost)
      events.onForgotten("the server heard nothing of this program and gave it up");
    else if (state === "closed") events.onTakenAway("the process was closed");
    else if (current !== term) events.onTakenAway("another executor took the process over");
  }

  function report(error: unknown): void {
    if (signal.aborted) return;
    if (isChannelError(error, "executor_fenced"))
      events.onTakenAway("another executor took the process over");
    // Why it was closed is seen by the watch.
    else if (!isChannelError(error, "process_closed"))
      events.onForgotten(error instanceof Error ? error.message : String(error));
  }
}
