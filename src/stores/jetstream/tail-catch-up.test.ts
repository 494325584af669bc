import { beforeEach, describe, expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import type { JetStreamNode } from "../../../test/jetstream-world.ts";
import type { SimulatedJetStream } from "../../../test/storage/simulated-jet-stream.ts";
import type { ChannelKey, Store } from "../../core/store.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import { SampleWriter } from "../../testing/store-samples.ts";

const logCount = 100;
/** Until the leader's word of what was written is old enough to go by. */
const steadyMs = 8_000;

/** Counts the reads that a node asks of leaders. */
function countReads(connection: SimulatedJetStream): { count: number } {
  const reads = { count: 0 };
  const readLast = connection.readLast.bind(connection);
  connection.readLast = (stream, subject) => {
    if (!subject.endsWith(".lease")) reads.count++;
    return readLast(stream, subject);
  };
  return reads;
}

describe("a node that follows many logs", () => {
  let world: JetStreamWorld;
  let node: JetStreamNode;
  let writers: readonly SampleWriter[];
  let told: string[];
  let reads: { count: number };
  let stores: readonly Store[];

  const write = (index: number, text: string): Promise<void> => {
    const writer = writers[index] as SampleWriter;
    return world.done(writer.commit(writer.createData([text])));
  };

  const textOf = ({ channel }: ChannelKey, payload: Uint8Array | undefined): string =>
    `${channel} ${new TextDecoder().decode(payload)}`;

  beforeEach(async () => {
    world = new JetStreamWorld();
    const connection = world.nats.connect();
    node = world.open(connection);
    const { store } = world.open();
    stores = [store, node.store];
    told = [];
    writers = await world.done(
      Promise.all(
        Array.from({ length: logCount }, (_, index) =>
          new SampleWriter(store, {
            ...{ life: "life", processId: "process", channel: `c${index}` },
          }).open(),
        ),
      ),
    );
    for (const { key } of writers) {
      node.store.follow(key, ({ batch }) => told.push(textOf(key, batch.entries[0]?.payload)));
      await world.done(node.store.readHead(key));
    }
    await world.pass(steadyMs);
    reads = countReads(connection);
  });

  const close = async (): Promise<void> => {
    await world.done(Promise.all(stores.map((store) => store.close())));
  };

  it("reads only those that changed while its connection was lost", async () => {
    node.connection.cutOff();
    await write(3, "first");
    await write(3, "second");
    await write(70, "other");
    node.connection.reconnect();
    await world.settle();
    expect(told).toHaveLength(3);
    expect(told).toContain("c70 other");
    expect(told.filter((text) => text.startsWith("c3 "))).toEqual(["c3 first", "c3 second"]);
    // One for each log, and one for the last message of the stream.
    expect(reads.count).toBe(3);
    await close();
  });

  it("reads nothing where nothing has changed", async () => {
    node.connection.cutOff();
    node.connection.reconnect();
    await world.settle();
    expect(reads.count).toBe(1);
    await close();
  });

  it("finds what a leader did not send on before another took its place", async () => {
    world.nats.faults = { ...world.nats.faults, lostTails: 100 };
    await write(5, "lost");
    world.nats.faults = { ...world.nats.faults, lostTails: 0 };
    for (const stream of world.nats.streams.values()) stream.leader++;
    reads.count = 0;
    await world.pass(1_000);
    expect(told).toEqual(["c5 lost"]);
    expect(reads.count).toBeLessThan(logCount);
    await close();
  });

  it.each(["readState", "flushTails"] as const)(
    "finds what it has not heard while the leader did not answer to %s, though its connections stay",
    async (question) => {
      const { connection } = node;
      const { [question]: ask } = connection;
      const fail = () => Promise.reject(new JetStreamFailure("unavailable", "no answer"));
      Object.assign(connection, { [question]: fail });
      await world.pass(2_000);
      world.nats.faults = { ...world.nats.faults, lostTails: 100 };
      await write(5, "lost");
      world.nats.faults = { ...world.nats.faults, lostTails: 0 };
      await world.pass(steadyMs);
      reads.count = 0;
      Object.assign(connection, { [question]: ask });
      await world.pass(2_000);
      expect(told).toEqual(["c5 lost"]);
      expect(reads.count).toBeLessThan(logCount);
      await close();
    },
  );

  it("reads what it has missed as soon as it can, however long reads have failed", async () => {
    const { connection } = node;
    connection.cutOff();
    for (const index of [1, 2, 3]) await write(index, "x");
    const readLast = connection.readLast.bind(connection);
    connection.readLast = (stream, subject) =>
      subject.includes(".process.")
        ? Promise.reject(new JetStreamFailure("unavailable", "no answer"))
        : readLast(stream, subject);
    connection.reconnect();
    await world.pass(40_000);
    expect(told).toEqual([]);
    connection.readLast = readLast;
    await world.pass(2_000);
    expect(told).toHaveLength(3);
    await close();
  });

  it("reads the others where many cannot be read, and does not try those for ever", async () => {
    const { connection } = node;
    connection.cutOff();
    for (let index = 0; index < logCount; index++) await write(index, "x");
    const readLast = connection.readLast.bind(connection);
    let badReads = 0;
    connection.readLast = async (stream, subject) => {
      const message = await readLast(stream, subject);
      if (message === undefined || !/c[1-8]\d$/.test(subject)) return message;
      badReads++;
      return { ...message, data: new Uint8Array([255]) };
    };
    connection.reconnect();
    await world.pass(5_000);
    expect(told).toHaveLength(logCount - 80);
    badReads = 0;
    await world.pass(30_000);
    expect(badReads).toBeLessThan(80 * 6);
    await close();
  });

  it("tries again what the leader does not answer", async () => {
    node.connection.cutOff();
    await write(8, "x");
    for (const { name } of world.nats.streams.values()) world.nats.leaderless.add(name);
    node.connection.reconnect();
    await world.settle();
    expect(told).toEqual([]);
    expect(node.stages).toContain("reconnect");
    world.nats.leaderless.clear();
    await world.pass(1_000);
    expect(told).toEqual(["c8 x"]);
    await close();
  });

  it("reads all of them where it was cut off before it knew how far it had heard", async () => {
    const connection = world.nats.connect();
    const late = world.open(connection);
    for (const { key } of writers) {
      late.store.follow(key, () => undefined);
      await world.done(late.store.readHead(key));
    }
    const lateReads = countReads(connection);
    connection.reconnect();
    await world.settle();
    // One for each log, and one for the last message of the stream.
    expect(lateReads.count).toBe(logCount + 1);
    await close();
    await world.done(late.store.close());
  });
});
