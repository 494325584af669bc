import { describe, expect, it } from "vitest";
import { StoreRejection } from "../../src/core/store.ts";
import {
  createSampleKey,
  createSampleRecord,
  SampleWriter,
} from "../../src/testing/store-samples.ts";
import type { DiskFault } from "./disk-operation.ts";
import { StoreWorld } from "./store-world.ts";

const timeoutMs = 120_000;

/** What was acknowledged before a call failed, or all of it. */
async function writeSome(world: StoreWorld): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  try {
    const store = await world.open();
    await world.drive(store.createRecord(createSampleRecord("process")));
    const kept = await world.drive(new SampleWriter(store, createSampleKey("kept")).open());
    const dead = await world.drive(new SampleWriter(store, createSampleKey("dead")).open());
    for (let i = 0; i < 4; i++) {
      await world.drive(kept.append(`entry${i}`));
      acknowledged.push(`${i + 1}:entry${i}`);
      await world.drive(dead.append("x".repeat(1_500), "y".repeat(400)));
    }
    await world.drive(dead.commit(dead.createBatch("tombstone", { term: 2 })));
    await world.drive(store.removeLog(dead.key));
    await world.drive(store.compact());
    await world.drive(store.close());
  } catch (error) {
    if (!(error instanceof StoreRejection) && !isSystemError(error)) throw error;
  }
  return acknowledged;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

describe("a segment log with a call to the disk that fails", () => {
  it.each(["EIO", "ENOSPC", "short"] as const satisfies readonly DiskFault[])(
    "has all that it acknowledged after %s at any call, killed or without power",
    { timeout: timeoutMs },
    async (fault) => {
      let hasFailed = true;
      let nth = 0;
      while (hasFailed) {
        nth++;
        for (const end of ["kill", "losePower"] as const) {
          const world = new StoreWorld(nth);
          world.disk.planFault(fault, { nth });
          const acknowledged = await writeSome(world);
          hasFailed = world.disk.faultCount > 0;
          world[end]();

          const again = await world.open();
          const kept = new SampleWriter(again, createSampleKey("kept"));
          const shown = await world.drive(kept.read());
          expect(shown.slice(0, acknowledged.length), `call ${nth}, ${end}`).toEqual(acknowledged);
          // A header may have been written by half; nothing was behind it.
          expect(again.damages.filter(({ loss }) => loss !== "nothing")).toEqual([]);
        }
      }
      expect(nth).toBeGreaterThan(50);
    },
  );

  it("refuses data on a full disk until there is room, and lets logs end", async () => {
    const world = new StoreWorld();
    const store = await world.open({ segmentBytes: 256 * 1024 });
    const log = await world.drive(new SampleWriter(store, createSampleKey("log")).open());
    const ending = await world.drive(new SampleWriter(store, createSampleKey("ending")).open());
    world.disk.capacityBytes = world.disk.usedBytes;
    const fill = async (): Promise<void> => {
      for (;;) await log.append("x".repeat(8 * 1024));
    };
    const refusal = await world.drive(fill().catch((error: unknown) => error));
    expect(refusal).toMatchObject({ kind: "refused", cause: { code: "store_full" } });

    await world.drive(ending.commit(ending.createBatch("fence", { term: 2 })));
    await world.drive(ending.commit(ending.createBatch("tombstone", { term: 3 })));
    await world.drive(store.removeLog(ending.key));
    expect(await world.drive(store.readHead(ending.key))).toBeUndefined();

    world.disk.capacityBytes = Infinity;
    world.clock.advance(1_000);
    while (!world.scheduler.isIdle) await world.step();
    await world.drive(log.append("there is room again"));
  });

  it("goes on reading after a failed sync, and refuses to write until it is opened again", async () => {
    const world = new StoreWorld();
    const store = await world.open();
    const log = await world.drive(new SampleWriter(store, createSampleKey("log")).open());
    await world.drive(log.append("before"));
    world.disk.planFault("EIO", { kind: "sync" });
    for (const payload of ["fails", "fails as well"])
      await expect(world.drive(log.append(payload))).rejects.toMatchObject({ kind: "failed" });

    expect(await world.drive(log.read())).toEqual(["1:before"]);
    await world.drive(store.close());
    const again = await world.open();
    const stored = await world.drive(again.readHead(log.key));
    const reader = new SampleWriter(again, log.key);
    expect(await world.drive(reader.read())).toHaveLength(stored?.head.last ?? 0);
  });
});
