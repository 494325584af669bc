import { describe, expect, it, onTestFinished } from "vitest";
import { sub } from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { createDeferred } from "../deferred.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { ChannelKey, Revision } from "../store.ts";
import { randomId } from "../system.ts";
import { createMarkerBatch } from "./batch-builder.ts";
import { Broker } from "./broker.ts";
import type { GrantSpec } from "./grants.ts";

/** Removes a log once it may. */
class HesitantStore extends MemoryStore {
  readonly asked = createDeferred();
  readonly allowed = createDeferred();
  /** What comes before the next change of a record. */
  meanwhile: (() => Promise<unknown>) | undefined;

  override async updateRecord(record: ProcessRecord, expected: Revision): Promise<Revision> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return super.updateRecord(record, expected);
  }

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

describe("a deletion is not undone by", () => {
  const expiresAt = Date.UTC(2026, 0, 2);
  const grantSpec: GrantSpec = { secretHash: "hash", ops: ["append"], expiresAt };
  const changes: readonly [string, (broker: Broker, grantId: string) => Promise<unknown>][] = [
    ["an assign", (broker) => broker.assign(sub, "p", { executorId: "other" })],
    ["a close", (broker) => broker.closeProcess(sub, "p", { status: "success" })],
    ["a request to cancel", (broker) => broker.requestCancel(sub, "p")],
    ["a new grant", (broker) => broker.grants.create(sub, "p", grantSpec)],
    ["a grant that is revoked", (broker, grantId) => broker.grants.revoke(sub, "p", grantId)],
  ];

  it.each(changes)("%s that began before it", async (_, change) => {
    const store = new HesitantStore();
    const system = { clock: new FakeClock(), randomId };
    const brokers = [new Broker({ store, system }), new Broker({ store, system })] as const;
    onTestFinished(async () => {
      for (const broker of brokers) await broker.close();
    });
    const [one, other] = brokers;
    await one.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
    await one.assign(sub, "p", { executorId: "executor" });
    const { id } = await one.grants.create(sub, "p", grantSpec);

    let deletion: Promise<void> = Promise.resolve();
    store.meanwhile = () => {
      deletion = other.deleteProcess(sub, "p");
      return store.asked.promise;
    };
    await expect(change(one, id)).rejects.toMatchObject({ code: "process_not_found" });
    store.allowed.resolve();
    await deletion;
    expect(await store.readRecord("p")).toBeUndefined();
  });
});
