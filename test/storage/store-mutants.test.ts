import { describe, expect, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runCount } from "../run-count.ts";
import { withMutant } from "./mutant-source.ts";
import { runSegmentLogHistory } from "./segment-log-runs.ts";
import { seedsToRun } from "./store-history.ts";
import { storeMutants } from "./store-mutants.ts";

const seedsPerMutantMax = 300;
const timeoutMs = runCount(120_000, 1_800_000);

/** The first seed whose history the mutant does not get through, and the store as it is does. */
async function findSeed(Mutant: typeof SegmentLogStore): Promise<number | undefined> {
  for (const seed of seedsToRun(seedsPerMutantMax)) {
    const isFound = await fails(seed, Mutant);
    if (isFound && !(await fails(seed, SegmentLogStore))) return seed;
  }
  return undefined;
}

async function fails(seed: number, Store: typeof SegmentLogStore): Promise<boolean> {
  // Where nothing may be lost, everything that is shows.
  return runSegmentLogHistory(seed, Store, "always").then(
    () => false,
    () => true,
  );
}

describe(`histories find within ${seedsPerMutantMax} seeds a segment log that`, () => {
  it.each(storeMutants)("$name", { timeout: timeoutMs }, async (mutant) => {
    const seed = await withMutant(mutant, findSeed);
    console.log(`${mutant.name}: found by seed ${seed}`);
    expect(seed).toBeDefined();
  });
});
