/**
 * A controller that also follows another signal. `AbortSignal.any` would do, but Node 20 may collect a
 * composite signal as garbage while someone waits on it, and then nobody is ever told.
 */
export function followSignal(source: AbortSignal | undefined): {
  readonly controller: AbortController;
  readonly unfollow: () => void;
} {
  const controller = new AbortController();
  const follow = (): void => controller.abort(source?.reason);
  if (source?.aborted === true) follow();
  else source?.addEventListener("abort", follow, { once: true });
  return { controller, unfollow: () => source?.removeEventListener("abort", follow) };
}

/** What the work gives, or the signal's reason as soon as it is aborted, whether or not the work notices. */
export async function raceSignal<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  // Whoever loses the race has nobody to tell.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener("abort", abort);
  }
}
