import { describe, expect, it } from "vitest";
import { Broker } from "../../src/core/broker/broker.ts";
import { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import { runCount } from "../run-count.ts";
import { runClusterHistory } from "./cluster-history.ts";
import type { ClusterHistoryReport } from "./cluster-history.ts";
import { brokerMutants, jetStreamMutants } from "./cluster-mutants.ts";
import type { ClusterParts } from "./cluster-node.ts";
import { withMutatedModule } from "./mutant-source.ts";
import type { Mutant } from "./mutant-source.ts";
import { seedsToRun } from "./store-history.ts";

const seedsPerMutantMax = 100;
const timeoutMs = runCount(180_000, 3_600_000);
const parts: ClusterParts = { Store: JetStreamStore, Broker };

/** The first seed whose history the mutant does not get through, and the parts as they are do. */
async function findSeed(mutated: ClusterParts): Promise<number | undefined> {
  const fails = (seed: number, tried: ClusterParts): Promise<boolean> =>
    runClusterHistory(seed, tried).then(
      () => false,
      () => true,
    );
  for (const seed of seedsToRun(seedsPerMutantMax))
    if ((await fails(seed, mutated)) && !(await fails(seed, parts))) return seed;
  return undefined;
}

async function expectFound(
  mutant: Mutant,
  place: { readonly folder: string; readonly entry: string },
): Promise<void> {
  const seed = await withMutatedModule(mutant, place, (module) =>
    findSeed({ ...parts, ...(module as Partial<ClusterParts>), ...storeOf(module) }),
  );
  console.log(`${mutant.name}: found by seed ${seed}`);
  expect(seed).toBeDefined();
}

function storeOf(module: unknown): Partial<ClusterParts> {
  const { JetStreamStore: Store } = module as {
    readonly JetStreamStore?: typeof JetStreamStore;
  };
  return Store === undefined ? {} : { Store };
}

describe("nodes on a simulated JetStream", () => {
  it("lose, repeat and mix up nothing", { timeout: timeoutMs }, async () => {
    for (const seed of seedsToRun(runCount(40, 20_000))) await runClusterHistory(seed, parts);
  });

  it("have everything in their histories", async () => {
    const reports: ClusterHistoryReport[] = [];
    for (let seed = 1; seed <= 10; seed++) reports.push(await runClusterHistory(seed, parts));
    for (const event of ["messages", "crashes", "cuts", "lateWrites"] as const)
      expect(reports.reduce((sum, report) => sum + report[event], 0)).toBeGreaterThan(0);
  });

  it("do the same again by the same seed", async () => {
    expect(await runClusterHistory(7, parts)).toEqual(await runClusterHistory(7, parts));
  });
});

describe(`histories find within ${seedsPerMutantMax} seeds a store on JetStream that`, () => {
  it.each(jetStreamMutants)("$name", { timeout: timeoutMs }, async (mutant) => {
    await expectFound(mutant, { folder: "stores/jetstream", entry: "jetstream-store.ts" });
  });
});

describe(`histories find within ${seedsPerMutantMax} seeds a broker that`, () => {
  it.each(brokerMutants)("$name", { timeout: timeoutMs }, async (mutant) => {
    await expectFound(mutant, { folder: "core/broker", entry: "broker.ts" });
  });
});
