import { describe, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runCount } from "../run-count.ts";
import { runSegmentLogHistory } from "./segment-log-runs.ts";
import { seedsToRun } from "./store-history.ts";

const timeoutMs = runCount(300_000, 7_200_000);

describe("the segment log on a simulated disk", () => {
  it("loses nothing and shows nothing half, whatever happens", { timeout: timeoutMs }, async () => {
    for (const seed of seedsToRun(runCount(1_000, 100_000)))
      await runSegmentLogHistory(seed, SegmentLogStore);
  });
});
