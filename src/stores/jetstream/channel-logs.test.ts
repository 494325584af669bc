import { expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import { createSampleKey, createSampleRecord, SampleWriter } from "../../testing/store-samples.ts";

const sweepMs = 60_000;
/** For which tombstones are kept. */
const graceMs = 60 * 60_000;
/** More than are looked at at once. */
const logCount = 200;
/** Until followed logs are looked at. */
const lookMs = 2_000;

it("a log of which the tombstone is swept is gone, for whoever follows it as well", async () => {
  const world = new JetStreamWorld();
  const nodes = [world.open(), world.open()] as const;
  const [{ store: first }, { store: second }] = nodes;
  const revision = await world.done(first.createRecord(createSampleRecord("process")));
  const writer = await world.done(new SampleWriter(first).open());
  const unfollow = second.follow(writer.key, () => undefined);
  await world.done(second.readHead(writer.key));
  await world.done(writer.commit(writer.createBatch("tombstone", { term: 2 })));
  await world.done(first.removeLog(writer.key));
  await world.done(first.deleteRecord("process", revision));
  const read = (): Promise<unknown> => world.done(second.readHead(writer.key));
  expect(await read()).toMatchObject({ head: { isDeleted: true } });
  world.clock.advance(graceMs);
  await world.pass(sweepMs * 2);
  for (const { store } of nodes)
    expect(await world.done(store.readHead(writer.key))).toBeUndefined();
  for (const { stages } of nodes) expect(stages).toEqual([]);
  unfollow();
  for (const { store } of nodes) await world.done(store.close());
});

it("looks at few of very many followed logs at a time, and at each of them", async () => {
  const world = new JetStreamWorld();
  const connection = world.nats.connect();
  const readLast = connection.readLast.bind(connection);
  const underWay = new Set<string>();
  const looked: string[] = [];
  let mostUnderWay = 0;
  connection.readLast = async (stream, subject) => {
    underWay.add(subject);
    mostUnderWay = Math.max(mostUnderWay, underWay.size);
    try {
      return await readLast(stream, subject);
    } finally {
      underWay.delete(subject);
      looked.push(subject);
    }
  };
  const { store, stages } = world.open(connection);
  for (let count = 0; count < logCount; count++) {
    const writer = await world.done(
      new SampleWriter(store, createSampleKey(`process-${count}`)).open(),
    );
    store.follow(writer.key, () => undefined);
    await world.done(store.readHead(writer.key));
  }
  [looked.length, mostUnderWay] = [0, 0];
  await world.pass(lookMs);
  expect(new Set(looked.filter((subject) => subject.includes(".channel."))).size).toBe(logCount);
  expect(mostUnderWay).toBeLessThan(100);
  expect(stages).toEqual([]);
  await world.done(store.close());
});
