import { describe, expect, it } from "vitest";
import { Broker } from "../../src/core/broker/broker.ts";
import { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import { runCount } from "../run-count.ts";
import { runClusterHistory } from "./cluster-history.ts";
import type { ClusterHistoryReport } from "./cluster-history.ts";
import { brokerMutants, jetStreamMutants, rareJetStreamMutants } from "./cluster-mutants.ts";
import type { ClusterParts } from "./cluster-node.ts";
import { withMutatedModule } from "./mutant-source.ts";
import type { Mutant } from "./mutant-source.ts";
import { seedsToRun } from "./store-history.ts";

const seedsPerMutantMax = 30;
const seedsPerRareMutantMax = 1_000;
const timeoutMs = runCount(180_000, 3_600_000);
const parts: ClusterParts = { Store: JetStreamStore, Broker };

/** The first seed whose history the mutant does not get through, and the parts as they are do. */
async function findSeed(mutated: ClusterParts, seedsMax: number): Promise<number | undefined> {
  const fails = (seed: number, tried: ClusterParts): Promise<boolean> =>
    runClusterHistory(seed, tried).then(
      () => false,
      () => true,
    );
  for (const seed of seedsToRun(seedsMax))
    if ((await fails(seed, mutated)) && !(await fails(seed, parts))) return seed;
  return undefined;
}

async function expectFound(
  mutant: Mutant,
  place: { readonly folder: string; readonly entry: string },
  seedsMax = seedsPerMutantMax,
): Promise<void> {
  const seed = await withMutatedModule(mutant, place, (module) =>
    findSeed({ ...parts, ...(module as Partial<ClusterParts>), ...storeOf(module) }, seedsMax),
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

describe("histories of nodes on a simulated JetStream", () => {
  it("have everything in them", async () => {
    const reports: ClusterHistoryReport[] = [];
    for (let seed = 1; seed <= 10; seed++) reports.push(await runClusterHistory(seed, parts));
    for (const event of ["messages", "heads", "crashes", "cuts", "lateWrites"] as const)
      expect(reports.reduce((sum, report) => sum + report[event], 0)).toBeGreaterThan(0);
  });

  it("are the same again by the same seed", async () => {
    expect(await runClusterHistory(7, parts)).toEqual(await runClusterHistory(7, parts));
  });
});

const store = { folder: "stores/jetstream", entry: "jetstream-store.ts" };
const broker = { folder: "core/broker", entry: "broker.ts" };

describe(`histories find within ${seedsPerMutantMax} seeds`, { timeout: timeoutMs }, () => {
  it.each(jetStreamMutants)("a store on JetStream that $name", (mutant) =>
    expectFound(mutant, store),
  );

  it.each(brokerMutants)("a broker that $name", (mutant) => expectFound(mutant, broker));
});

describe.runIf(process.env.JOBWIRE_TEST_LONG !== undefined)(
  `histories find within ${seedsPerRareMutantMax} seeds`,
  { timeout: timeoutMs },
  () => {
    it.each(rareJetStreamMutants)("a store on JetStream that $name", (mutant) =>
      expectFound(mutant, store, seedsPerRareMutantMax),
    );
  },
);
