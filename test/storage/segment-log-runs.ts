import type { SyncMode } from "../../src/stores/segment-log/log-writer.ts";
import type { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runStoreHistory } from "./store-history.ts";

/** Small, so that a history fills many, and of several sizes: what a batch may have follows from it. */
const segmentSizes = [4, 8, 16].map((KiB) => KiB * 1024);

/** Half of the histories are of a store that syncs before it acknowledges. */
const syncModes: readonly SyncMode[] = ["always", { intervalMs: 100 }, "always", "never"];

/** A random history of the segment log, or of a mutant of it. */
export async function runSegmentLogHistory(
  seed: number,
  Store: typeof SegmentLogStore,
): Promise<void> {
  const segmentBytes = segmentSizes[seed % segmentSizes.length] as number;
  const sync = syncModes[seed % syncModes.length] as SyncMode;
  await runStoreHistory(seed, {
    sync,
    open: (directory, system, as) => Store.open({ directory, system, segmentBytes, sync, ...as }),
  });
}
