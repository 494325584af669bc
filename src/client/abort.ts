import { ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";

/** Calls back when the signal is aborted, or at once if it is already. The result ends it. */
export function onAbort(
  signal: AbortSignal | undefined,
  callback: (reason: unknown) => void,
): () => void {
  const abort = (): void => callback(signal?.reason);
  if (signal?.aborted === true) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/**
 * A controller that also follows another signal. `AbortSignal.any` would do, but Node 20 may collect a
 * composite signal as garbage while someone waits on it, and then nobody is ever told.
 */
export function followSignal(source: AbortSignal | undefined): {
  readonly controller: AbortController;
  readonly unfollow: () => void;
} {
  const controller = new AbortController();
  return { controller, unfollow: onAbort(source, (reason) => controller.abort(reason)) };
}

/** What the work gives, or the signal's reason as soon as it is aborted, whether or not the work notices. */
export async function raceSignal<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  // Whoever loses the race has nobody to tell.
  work.catch(() => undefined);
  let unfollow: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => (unfollow = onAbort(signal, reject)));
  return await Promise.race([aborted, work]).finally(unfollow);
}

/** As `raceSignal`; a wait above the limit aborts the controller with `request_timeout`. */
export async function raceLimit<Result>(
  work: Promise<Result>,
  controller: AbortController,
  { clock }: System,
  limitMs: number,
): Promise<Result> {
  const late = new ChannelError("request_timeout", { limitMs });
  const timer = clock.after(limitMs, () => controller.abort(late));
  return await raceSignal(work, controller.signal).finally(() => timer.cancel());
}
