import { describe, expect, it } from "vitest";
import type { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { createSampleRecord } from "../../src/testing/store-samples.ts";
import { StoreWorld } from "./store-world.ts";

const sync = { intervalMs: 500 };

/** What is in a snapshot is on disk. */
function syncAll(store: SegmentLogStore): Promise<void> {
  return store.snapshot(async () => undefined);
}

describe("the segment log on a machine that stops before it has synced", () => {
  it.each([
    { end: "kill", bootId: "boot", isRenewed: false },
    { end: "losePower", bootId: "next boot", isRenewed: true },
  ] as const)("renews epochs after $end: $isRenewed", async ({ end, bootId, isRenewed }) => {
    const world = new StoreWorld();
    const store = await world.open({ sync, bootId: "boot" });
    await world.drive(store.createRecord(createSampleRecord("process")));
    await world.drive(syncAll(store));
    world[end]();

    const again = await world.open({ sync, bootId });
    const stored = await world.drive(again.readRecord("process"));
    expect(stored).toBeDefined();
    expect(stored?.record.epoch !== "epoch1").toBe(isRenewed);
  });

  it("renews epochs after a failed sync, also in the same boot", async () => {
    const world = new StoreWorld();
    const store = await world.open({ sync, bootId: "boot" });
    await world.drive(store.createRecord(createSampleRecord("process")));
    await world.drive(syncAll(store));
    await world.drive(store.createRecord(createSampleRecord("other")));
    world.disk.planFault("EIO", { kind: "sync" });
    world.clock.advance(sync.intervalMs);
    while (store.failure === undefined || !world.scheduler.isIdle) await world.step();
    world.kill();

    const again = await world.open({ sync, bootId: "boot" });
    const stored = await world.drive(again.readRecord("process"));
    expect(stored).toBeDefined();
    expect(stored?.record.epoch).not.toBe("epoch1");
  });
});
