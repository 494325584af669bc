import { describe, expect, it } from "vitest";
import { runCount } from "../run-count.ts";
import { withMutant } from "./mutant-source.ts";
import { storeMutants } from "./store-mutants.ts";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runStoreHistory, seedsToRun } from "./store-history.ts";

const segmentBytes = 16 * 1024;
const seedsPerMutantMax = Number(process.env.SEEDS ?? 60);
const timeoutMs = runCount(120_000, 1_800_000);

async function passes(seed: number, Store: typeof SegmentLogStore): Promise<string | undefined> {
  try {
    await runStoreHistory(seed, {
      open: (directory, system, as) => Store.open({ directory, system, segmentBytes, ...as }),
    });
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}

describe("mutants", () => {
  it.each(storeMutants)("finds $name", { timeout: timeoutMs }, async (mutant) => {
    const found = await withMutant(mutant, async (Store) => {
      for (const seed of seedsToRun(seedsPerMutantMax)) {
        const failure = await passes(seed, Store);
        if (failure !== undefined && (await passes(seed, SegmentLogStore)) === undefined)
          return failure;
      }
      return undefined;
    });
    console.log(`${mutant.name}: ${found}`);
    expect(found).toBeDefined();
  });
});
