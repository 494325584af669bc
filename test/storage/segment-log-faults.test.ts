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
});
