import { expect, it } from "vitest";
import type { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { createSampleRecord } from "../../src/testing/store-samples.ts";
import { StoreWorld } from "./store-world.ts";

const changesMax = 1_000;

/** Writers that begin their next change as soon as the one before is acknowledged, until `until` settles. */
async function workUntil(store: SegmentLogStore, until: Promise<unknown>): Promise<number> {
  let isOver = false;
  let changes = 0;
  const over = until.finally(() => (isOver = true));
  const write = async (id: string): Promise<void> => {
    let revision = await store.createRecord(createSampleRecord(id));
    while (!isOver && changes++ < changesMax)
      revision = await store.updateRecord(createSampleRecord(id), revision);
  };
  await Promise.all([over, write("a"), write("b")]);
  return changes;
}

it.each<[string, (store: SegmentLogStore) => Promise<unknown>]>([
  ["a snapshot", (store) => store.snapshot(() => Promise.resolve())],
  ["a checkpoint", (store) => store.checkpoint()],
  ["a compaction", (store) => store.compact()],
])("finishes %s under writers that never pause", async (_what, act) => {
  const world = new StoreWorld();
  const store = await world.open();
  let revision = await world.drive(store.createRecord(createSampleRecord("c")));
  for (let count = 0; count < 60; count++)
    revision = await world.drive(store.updateRecord(createSampleRecord("c"), revision));

  const changes = await world.drive(workUntil(store, act(store)));

  expect(changes).toBeGreaterThan(0);
  expect(changes).toBeLessThan(changesMax);
});
