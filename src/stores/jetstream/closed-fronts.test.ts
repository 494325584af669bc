import { expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import type { JetStreamNode } from "../../../test/jetstream-world.ts";
import { createSampleRecord } from "../../testing/store-samples.ts";
import { JetStreamFailure } from "./jet-stream.ts";

/** A node, and records that close at a time that their id tells. */
async function createWorld(ids: readonly string[], streamCount = 1) {
  const world = new JetStreamWorld(streamCount);
  const node = world.open();
  for (const id of ids) await close(world, node, id);
  return { world, node, take: take(world, node) };
}

const closedAtOf = (id: string): number => Number(id.slice(1));
const closedRecord = (id: string, fields = {}) =>
  createSampleRecord(id, { state: "closed", closedAt: closedAtOf(id), ...fields });

async function close(world: JetStreamWorld, { store }: JetStreamNode, id: string): Promise<void> {
  const revision = await world.done(store.createRecord(createSampleRecord(id)));
  await world.done(store.updateRecord(closedRecord(id), revision));
}

const take =
  (world: JetStreamWorld, { store }: JetStreamNode) =>
  async (until = Infinity): Promise<string | undefined> =>
    (await world.done(Promise.resolve(store.closedProcesses.takeFirst(until))))?.id;

it("closed processes of several streams are taken in the order in which they closed, each once", async () => {
  const { world, node, take: takeFirst } = await createWorld(["p3", "p1", "p2", "p9", "p4"], 3);
  const inOrder = [];
  for (let id = await takeFirst(4); id !== undefined; id = await takeFirst(4)) inOrder.push(id);
  expect(inOrder.toSorted()).toEqual(["p1", "p2", "p3", "p4"]);
  expect(await takeFirst(8)).toBeUndefined();
  expect(await takeFirst(9)).toBe("p9");
  expect(await takeFirst()).toBeUndefined();
  await close(world, node, "p11");
  expect(await takeFirst()).toBe("p11");
});

it("what is open or not settled is passed, and met when it has closed", async () => {
  const { world, node, take: takeFirst } = await createWorld([]);
  const settling = { kind: "seal", since: 0 };
  const open = await world.done(node.store.createRecord(createSampleRecord("p1")));
  const closing = await world.done(node.store.createRecord(closedRecord("p2", { settling })));
  await close(world, node, "p3");
  expect(await takeFirst()).toBe("p3");
  expect(await takeFirst()).toBeUndefined();
  await world.done(node.store.updateRecord(closedRecord("p2"), closing));
  await world.done(node.store.updateRecord(closedRecord("p1"), open));
  expect(await takeFirst()).toBe("p2");
  expect(await takeFirst()).toBe("p1");
});

it("one that was put back is taken again, in its turn", async () => {
  const { node, take: takeFirst } = await createWorld(["p1", "p2"]);
  await takeFirst();
  await takeFirst();
  node.store.closedProcesses.add({ id: "p2", closedAt: 2 });
  node.store.closedProcesses.add({ id: "p1", closedAt: 1 });
  expect(await takeFirst()).toBe("p1");
  expect(await takeFirst(1)).toBeUndefined();
  expect(await takeFirst()).toBe("p2");
  expect(await takeFirst()).toBeUndefined();
});

it("only the first of each stream is read, and nothing twice, however often it is asked", async () => {
  const { world, node, take: takeFirst } = await createWorld(["p5", "p6", "p7"]);
  let reads = 0;
  const readNext = node.connection.readNext.bind(node.connection);
  node.connection.readNext = (...args) => {
    reads++;
    return readNext(...args);
  };
  for (let times = 0; times < 5; times++) expect(await takeFirst(4)).toBeUndefined();
  expect(reads).toBe(1);
  expect([await takeFirst(), await takeFirst(), await takeFirst()]).toEqual(["p5", "p6", "p7"]);
  for (let times = 0; times < 5; times++) expect(await takeFirst()).toBeUndefined();
  expect(reads).toBe(3);
  await close(world, node, "p8");
  expect(await takeFirst()).toBe("p8");
  expect(reads).toBe(4);
});

it("a question without an answer takes nothing", async () => {
  const { node, take: takeFirst } = await createWorld(["p1"]);
  const readNext = node.connection.readNext.bind(node.connection);
  node.connection.readNext = () => Promise.reject(new JetStreamFailure("unavailable", "no answer"));
  await expect(takeFirst()).rejects.toMatchObject({ kind: "unavailable" });
  node.connection.readNext = readNext;
  expect(await takeFirst()).toBe("p1");
});
