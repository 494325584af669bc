import { describe, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runCount } from "../run-count.ts";
import { runStoreHistory, seedsToRun } from "./store-history.ts";
import type { OpenStore } from "./tested-store.ts";

/** Small, so that a history fills many. */
const segmentBytes = 16 * 1024;
const timeoutMs = runCount(300_000, 7_200_000);

const open: OpenStore = (directory, system, as) =>
  SegmentLogStore.open({ directory, system, segmentBytes, ...as });

describe("the segment log on a simulated disk", () => {
  it("loses nothing and shows nothing half, whatever happens", { timeout: timeoutMs }, async () => {
    for (const seed of seedsToRun(runCount(1_000, 100_000))) await runStoreHistory(seed, { open });
  });
});
