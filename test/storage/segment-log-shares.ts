import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runCount } from "../run-count.ts";
import type { SharedHistories } from "./seed-shares.ts";
import { runSegmentLogHistory } from "./segment-log-runs.ts";

export const segmentLogHistories: SharedHistories = {
  title: [
    "the segment log on a simulated disk",
    "loses no more than it says and shows nothing half",
  ],
  seedCount: runCount(1_000, 100_000),
  timeoutMs: runCount(300_000, 10_800_000),
  run: (seed) => runSegmentLogHistory(seed, SegmentLogStore),
};
