import type { Clock } from "../../core/system.ts";

/**
 * Calls back once nothing was heard for a time, in milliseconds. `heardAtMs` says when something was heard last,
 * in monotonic time; the call counts as such. Returns what ends the watch.
 */
export function watchSilence(
  clock: Clock,
  silentMs: number,
  heardAtMs: () => number,
  onSilent: () => void,
): () => void {
  const sinceMs = clock.monotonicMs();
  const look = (): void => {
    const leftMs = Math.max(sinceMs, heardAtMs()) + silentMs - clock.monotonicMs();
    if (leftMs > 0) timer = clock.after(leftMs, look);
    else onSilent();
  };
  let timer = clock.after(silentMs, look);
  return () => timer.cancel();
}
