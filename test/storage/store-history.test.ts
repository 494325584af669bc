import { describe, expect, it } from "vitest";
import { runCount } from "../run-count.ts";
import { lineStoreBugs, openLineStore } from "./line-store.ts";
import type { LineStoreBug } from "./line-store.ts";
import { runStoreHistory, seedsToRun } from "./store-history.ts";
import type { StoreHistoryReport } from "./store-history.ts";

const seedsPerBugMax = 300;
const timeoutMs = runCount(120_000, 1_800_000);

/** What the first seed says whose history finds the bug. */
async function findBug(bug: LineStoreBug): Promise<string | undefined> {
  for (const seed of seedsToRun(seedsPerBugMax)) {
    try {
      await runStoreHistory(seed, { open: (directory) => openLineStore(directory, bug) });
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

describe("the histories of stores", () => {
  it("accept a store that does nothing wrong", { timeout: timeoutMs }, async () => {
    for (const seed of seedsToRun(runCount(100, 5_000)))
      await runStoreHistory(seed, { open: (directory) => openLineStore(directory) });
  });

  it("have everything in them", async () => {
    const reports: StoreHistoryReport[] = [];
    for (let seed = 1; seed <= 20; seed++)
      reports.push(await runStoreHistory(seed, { open: (directory) => openLineStore(directory) }));
    const sumOf = (name: keyof StoreHistoryReport) =>
      reports.reduce((sum, report) => sum + report[name], 0);

    expect(sumOf("operations")).toBeGreaterThan(20 * 60);
    for (const event of ["kills", "powerLosses", "crashesWhileOpening", "faults"] as const)
      expect(sumOf(event)).toBeGreaterThan(0);
  });

  it("do the same again by the same seed", async () => {
    const run = () => runStoreHistory(7, { open: (directory) => openLineStore(directory) });

    expect(await run()).toEqual(await run());
  });

  it.each(lineStoreBugs)(
    `find within ${seedsPerBugMax} seeds a store that %s`,
    { timeout: timeoutMs },
    async (bug) => {
      expect(await findBug(bug)).toMatch(/^seed \d+ .*: SuiteFailure: /);
    },
  );
});
