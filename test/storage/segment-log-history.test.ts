import { describe, expect, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { createSampleRecord } from "../../src/testing/store-samples.ts";
import { runCount } from "../run-count.ts";
import { runSegmentLogHistory } from "./segment-log-runs.ts";
import { seedsToRun } from "./store-history.ts";
import { StoreWorld } from "./store-world.ts";

const timeoutMs = runCount(300_000, 7_200_000);

describe("the segment log on a simulated disk", () => {
  it("loses nothing and shows nothing half, whatever happens", { timeout: timeoutMs }, async () => {
    for (const seed of seedsToRun(runCount(1_000, 100_000)))
      await runSegmentLogHistory(seed, SegmentLogStore);
  });

  it.each([{ intervalMs: 500 }, "never"] as const)(
    "loses nothing by a kill where it syncs %j",
    { timeout: timeoutMs },
    async (sync) => {
      for (const seed of seedsToRun(runCount(50, 5_000)))
        await runSegmentLogHistory(seed, SegmentLogStore, { sync, isMachineFaulty: false });
    },
  );

  it.each([
    { end: "kill", bootId: "boot", isRenewed: false },
    { end: "losePower", bootId: "next boot", isRenewed: true },
  ] as const)("renews epochs after $end: $isRenewed", async ({ end, bootId, isRenewed }) => {
    const world = new StoreWorld();
    const store = await world.open({ sync: { intervalMs: 500 }, bootId: "boot" });
    await world.drive(store.createRecord(createSampleRecord("process")));
    await world.drive(store.checkpoint());
    world[end]();

    const again = await world.open({ sync: { intervalMs: 500 }, bootId });
    const stored = await world.drive(again.readRecord("process"));
    expect(stored?.record.epoch !== "epoch1").toBe(isRenewed);
  });
});
