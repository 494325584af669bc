import { describe, expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import type { SimulatedJetStream } from "../../../test/storage/simulated-jet-stream.ts";
import { cutOffMs } from "../../core/store.ts";
import { createSampleKey, SampleWriter } from "../../testing/store-samples.ts";

/** Counts the questions of each kind that a node asks. */
function countReads(connection: SimulatedJetStream): { states: number; lasts: number } {
  const counts = { states: 0, lasts: 0 };
  const readState = connection.readState.bind(connection);
  const readLast = connection.readLast.bind(connection);
  connection.readState = (...args) => (counts.states++, readState(...args));
  connection.readLast = (stream, subject) => {
    if (!subject.endsWith(".lease")) counts.lasts++;
    return readLast(stream, subject);
  };
  return counts;
}

describe("the pulse of a store", () => {
  it("asks each stream at once, and then once a second, for its last record every third time", async () => {
    const world = new JetStreamWorld(2);
    const connection = world.nats.connect();
    const counts = countReads(connection);
    const { store } = world.open(connection);
    await world.settle();
    expect(counts).toEqual({ states: 2, lasts: 0 });
    await world.pass(2_000);
    expect(counts).toEqual({ states: 6, lasts: 2 });
    await world.pass(3_000);
    expect(counts).toEqual({ states: 12, lasts: 4 });
    await world.done(store.close());
    await world.pass(3_000);
    expect(counts).toEqual({ states: 12, lasts: 4 });
  });

  it("knows of one stream that is silent, and of all of them", async () => {
    const world = new JetStreamWorld(2);
    const { store } = world.open();
    await world.pass(1_000);
    const processIn = (stream: string): string => {
      for (let count = 0; ; count++)
        if (world.nats.subjects.streamOf(`p${count}`) === stream) return `p${count}`;
    };
    const [first, second] = [processIn("sim-0"), processIn("sim-1")];
    world.nats.leaderless.add("sim-0");
    await world.pass(cutOffMs + 1_000);
    expect([first, second].map((id) => store.isCutOff(id))).toEqual([true, false]);
    expect(store.isCutOff()).toBe(false);
    world.nats.leaderless.add("sim-1");
    await world.pass(cutOffMs + 1_000);
    expect(store.isCutOff()).toBe(true);
    world.nats.leaderless.clear();
    await world.pass(1_000);
    expect([first, second].map((id) => store.isCutOff(id))).toEqual([false, false]);
    await world.done(store.close());
  });

  it("tells the bytes that others have written", async () => {
    const world = new JetStreamWorld();
    const [{ store: first }, { store: second }] = [world.open(), world.open()];
    await world.done(new SampleWriter(first).open());
    expect(first.keptBytes()).toBeGreaterThan(0);
    await world.pass(1_000);
    expect(second.keptBytes()).toBe(first.keptBytes());
    for (const store of [first, second]) await world.done(store.close());
  });

  describe("of a stream that ends before what it had", () => {
    const longMs = 20_000;

    const openWithLoss = async () => {
      const world = new JetStreamWorld();
      const connection = world.nats.connect();
      const loss = { messages: 0 };
      const readState = connection.readState.bind(connection);
      connection.readState = async (stream) => {
        const state = await readState(stream);
        return { ...state, lastSequence: state.lastSequence - loss.messages };
      };
      const { store, stages } = world.open(connection);
      await world.done(new SampleWriter(store).open());
      await world.pass(1_000);
      return { world, store, stages, loss };
    };

    it("says that nothing of it can be relied on, until it has it again", async () => {
      const { world, store, stages, loss } = await openWithLoss();
      expect(store.isCutOff()).toBe(false);
      loss.messages = 1;
      await world.pass(longMs - 2_000);
      expect(store.isCutOff("any")).toBe(true);
      expect(stages.filter((stage) => stage === "pulse")).toHaveLength(1);
      loss.messages = 0;
      await world.pass(1_000);
      expect(store.isCutOff("any")).toBe(false);
      await world.done(store.close());
    });

    it("does not say so for good of one answer that was old, however long none came behind it", async () => {
      const { world, store, loss } = await openWithLoss();
      loss.messages = 1;
      await world.pass(1_000);
      for (const { name } of world.nats.streams.values()) world.nats.leaderless.add(name);
      loss.messages = 0;
      await world.pass(longMs + 5_000);
      world.nats.leaderless.clear();
      await world.pass(1_000);
      expect(store.isCutOff("any")).toBe(false);
      await world.done(store.close());
    });

    it("shows those who follow a log nothing of it", async () => {
      const { world, store, loss } = await openWithLoss();
      const other = world.open();
      const writer = await world.done(
        new SampleWriter(other.store, createSampleKey("life", "followed")).open(),
      );
      let count = 0;
      store.follow(writer.key, () => count++);
      await world.done(store.readHead(writer.key));
      await world.pass(1_000);
      loss.messages = 1;
      await world.pass(1_000);
      await world.done(writer.commit(writer.createData(["in its place"])));
      await expect(world.done(store.readHead(writer.key))).rejects.toMatchObject({
        kind: "unavailable",
      });
      expect(count).toBe(0);
      loss.messages = 0;
      await world.pass(2_000);
      expect(count).toBe(1);
      for (const each of [store, other.store]) await world.done(each.close());
    });

    it("says so for good where that takes too long: others may have written in its place", async () => {
      const { world, store, loss } = await openWithLoss();
      loss.messages = 1;
      await world.pass(longMs + 2_000);
      loss.messages = 0;
      await world.pass(5_000);
      expect(store.isCutOff("any")).toBe(true);
      await world.done(store.close());
    });
  });
});
