import { describe, it } from "vitest";
import { seedsToRun } from "./store-history.ts";

/** Files of tests run side by side: a long run of histories is two of them. */
const shareCount = 2;
const seedsPerWord = 1_000;

export interface SharedHistories {
  /** What runs, and what is true of it. */
  readonly title: readonly [what: string, claim: string];
  readonly seedCount: number;
  readonly timeoutMs: number;
  readonly run: (seed: number) => Promise<unknown>;
}

/** Defines the test of one share, numbered from 0. A seed that was asked for is of the first, whatever its number. */
export function describeSeedShare(
  share: number,
  { title: [what, claim], seedCount, timeoutMs, run }: SharedHistories,
): void {
  const all = seedsToRun(seedCount);
  const sharedSeeds = Math.ceil(all.length / shareCount);
  const seeds = all.slice(share * sharedSeeds, (share + 1) * sharedSeeds);

  describe.skipIf(seeds.length === 0)(`${what}, seeds ${seeds[0]} to ${seeds.at(-1)}`, () => {
    it(claim, { timeout: timeoutMs }, async () => {
      for (const [index, seed] of seeds.entries()) {
        await run(seed);
        if ((index + 1) % seedsPerWord === 0) console.log(`${index + 1} of ${seeds.length} seeds`);
      }
    });
  });
}
