import { onAbort } from "./abort.ts";
import type { ProcessChange, Watch } from "./watch.ts";

/** A watch's changes until the signal, which ends them without an error. */
export async function* iterateWatch(
  watch: Watch,
  signal: AbortSignal | undefined,
): AsyncGenerator<ProcessChange, void, undefined> {
  const unfollow = onAbort(signal, () => watch.close());
  try {
    for (;;) {
      const change = await watch.next();
      if (change === undefined) return;
      yield change;
    }
  } finally {
    unfollow();
    watch.close();
  }
}
