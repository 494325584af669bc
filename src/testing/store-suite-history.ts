import { requireEqual } from "./assertion.ts";
import { createSampleKey, createSeededRandom, SampleWriter } from "./store-samples.ts";
import type { StoreCase, StoreWorld } from "./store-suite.ts";

const seeds = 30;
const stepsPerSeed = 60;

/** Random histories against an array that keeps everything. */
export const historyCases: readonly StoreCase[] = Array.from({ length: seeds }, (_, index) => ({
  name: `agrees with an array through a random history (seed ${index + 1})`,
  run: (world: StoreWorld) => runHistory(world, index + 1),
}));

async function runHistory(world: StoreWorld, seed: number): Promise<void> {
  const random = createSeededRandom(seed);
  const key = createSampleKey(`life${seed}`);
  let writer = await new SampleWriter(world.store, key).open();
  const all: string[] = [];
  let first = 1;
  for (let step = 0; step < stepsPerSeed; step++) {
    const what = random(10);
    if (what < 6) {
      const payloads = Array.from(
        { length: 1 + random(4) },
        () => `${seed}.${step}.${random(1_000)}`,
      );
      const trims = random(4) === 0 ? random(all.length - first + 2) : 0;
      first += trims;
      await writer.commit(writer.createData(payloads, { logicalFirst: first }));
      for (const payload of payloads) all.push(`${all.length + 1}:${payload}`);
    } else if (what === 6)
      await writer.commit(writer.createBatch("fence", { term: writer.head.term + 1 }));
    else if (what === 7) await world.store.trim(key);
    else if (what === 8) {
      await world.reopen();
      writer = await SampleWriter.resume(world.store, key);
    } else {
      const after = random(all.length + 3);
      const entriesMax = 1 + random(5);
      const expected = all.slice(Math.max(after, first - 1)).slice(0, entriesMax);
      requireEqual(
        await writer.read(after, { entriesMax, bytesMax: Infinity }),
        expected,
        `read after ${after} at step ${step}`,
      );
    }
  }
  requireEqual(await writer.read(), all.slice(first - 1), "everything at the end");
}
