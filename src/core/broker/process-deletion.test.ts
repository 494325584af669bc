import { expect, it, onTestFinished } from "vitest";
import { sub } from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { createDeferred } from "../deferred.ts";
import type { ChannelKey } from "../store.ts";
import { randomId } from "../system.ts";
import { createMarkerBatch } from "./batch-builder.ts";
import { Broker } from "./broker.ts";

/** Removes a log once it may. */
class HesitantStore extends MemoryStore {
  readonly asked = createDeferred();
  readonly allowed = createDeferred();

  override async removeLog(key: ChannelKey): Promise<void> {
    this.asked.resolve();
    await this.allowed.promise;
    await super.removeLog(key);
  }
}

it("a deletion under way is over for all who wait for it to create the same id again", async () => {
  const store = new HesitantStore();
  const broker = new Broker({ store, system: { clock: new FakeClock(), randomId } });
  onTestFinished(() => broker.close());
  const spec = { id: "p", channels: [{ name: "out" }] };
  const { process: former } = await broker.createProcess(sub, spec);

  const deletion = broker.deleteProcess(sub, "p");
  await store.asked.promise;
  const creations = [broker.createProcess(sub, spec), broker.createProcess(sub, spec)];
  store.allowed.resolve();

  await deletion;
  const [one, two] = await Promise.all(creations);
  expect([one?.created, two?.created].sort()).toEqual([false, true]);
  expect(one?.process.epoch).not.toBe(former.epoch);
  expect(two?.process.epoch).toBe(one?.process.epoch);
});

it("an append behind a tombstone finds no process, though the record does not say so yet", async () => {
  const store = new MemoryStore();
  const broker = new Broker({ store, system: { clock: new FakeClock(), randomId } });
  onTestFinished(() => broker.close());
  await broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
  const append = (sequence: number): Promise<unknown> =>
    broker.append(sub, "p", "out", [{ payload: "x", sequence }], { producer: "producer" });
  await append(1);

  const stored = await store.readRecord("p");
  if (stored === undefined) throw new Error("p has no record");
  const { record } = stored;
  const key = { life: record.life, processId: "p", channel: "out" };
  const log = await store.readHead(key);
  if (log === undefined) throw new Error("out has no log");
  const tombstone = createMarkerBatch("tombstone", "batch", log.head, record);
  await store.append(key, tombstone, log.revision);

  for (const sequence of [1, 2, 3])
    await expect(append(sequence)).rejects.toMatchObject({ code: "process_not_found" });
});
