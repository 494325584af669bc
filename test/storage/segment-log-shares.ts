import { describe, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runCount } from "../run-count.ts";
import { runSegmentLogHistory } from "./segment-log-runs.ts";
import { seedsToRun } from "./store-history.ts";

const seedCount = runCount(1_000, 100_000);
const timeoutMs = runCount(120_000, 10_800_000);
/** Files of tests run side by side: each takes a share of the seeds. */
const shareCount = 2;
const seedsPerWord = 1_000;

/** A seed that was asked for is of the first share, whatever its number. */
function seedsOf(share: number): readonly number[] {
  const seeds = seedsToRun(seedCount);
  const sharedSeeds = Math.ceil(seeds.length / shareCount);
  return seeds.slice(share * sharedSeeds, (share + 1) * sharedSeeds);
}

/** Defines the tests of one share, numbered from 0. */
export function describeSegmentLogHistories(share: number): void {
  const seeds = seedsOf(share);

  describe.skipIf(seeds.length === 0)(
    `the segment log on a simulated disk, seeds ${seeds[0]} to ${seeds.at(-1)}`,
    () => {
      it("loses no more than it says and shows nothing half", { timeout: timeoutMs }, async () => {
        for (const [index, seed] of seeds.entries()) {
          await runSegmentLogHistory(seed, SegmentLogStore);
          if ((index + 1) % seedsPerWord === 0)
            console.log(`${index + 1} of ${seeds.length} seeds`);
        }
      });
    },
  );
}
