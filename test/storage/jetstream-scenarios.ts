import { expect } from "vitest";
import { createProducerState } from "../../src/core/producers.ts";
import type { Store } from "../../src/core/store.ts";
import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type { JetStream, TailMessage } from "../../src/stores/jetstream/jet-stream.ts";
import type { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import { createSampleRecord, SampleWriter } from "../../src/testing/store-samples.ts";
import { JetStreamWorld } from "../jetstream-world.ts";
import type { SimulatedJetStream } from "./simulated-jet-stream.ts";

/** With so many a head is no part of each batch … */
const producersOfLargeHead = 100;
/** … and is written as a message of its own before the batch after these. */
const batchesUntilHead = 64;

/** Within which a write in doubt is tried again. */
const retryMs = 1_000;

/** Two nodes, and a log that the first has opened and the second follows. */
class TwoNodes {
  readonly world: JetStreamWorld;
  readonly first: Store;
  readonly second: Store;
  /** That of the second node. */
  readonly connection: SimulatedJetStream;
  readonly writer: SampleWriter;
  readonly #held: (() => void)[] = [];

  private constructor(world: JetStreamWorld) {
    this.world = world;
    this.first = world.open().store;
    this.connection = world.nats.connect();
    const tail = this.connection.tail.bind(this.connection);
    this.connection.tail = (subject, listener) =>
      tail(subject, (message: TailMessage) => this.#held.push(() => listener(message)));
    this.second = world.open(this.connection).store;
    this.writer = new SampleWriter(this.first);
  }

  static async create(StoreClass: typeof JetStreamStore): Promise<TwoNodes> {
    const nodes = new TwoNodes(new JetStreamWorld(1, StoreClass));
    await nodes.world.done(nodes.writer.open());
    nodes.second.follow(nodes.writer.key, () => undefined);
    await nodes.world.settle();
    return nodes;
  }

  /** The second node hears what its tail has brought since the last time. */
  hear(): void {
    for (const deliver of this.#held.splice(0)) deliver();
  }

  /** Another writer of the same log, at the second node. */
  resume(): Promise<SampleWriter> {
    return this.world.done(SampleWriter.resume(this.second, this.writer.key));
  }

  async write(writer: SampleWriter, text: string, fields = {}): Promise<void> {
    await this.world.done(writer.commit(writer.createData([text], fields)));
  }

  /** Last position of the log as whoever has heard nothing yet reads it. */
  async last(): Promise<number | undefined> {
    const { store } = this.world.open();
    return (await this.world.done(store.readHead(this.writer.key)))?.head.last;
  }

  /** Expects a kind of rejection, of a call that was made and still waits. */
  async refuses(call: Promise<unknown>, kind: string): Promise<void> {
    await this.world.done(expect(call).rejects.toMatchObject({ kind }));
  }
}

/** What the store promises where two nodes meet: each throws where it does not keep it. */
export type Scenario = (StoreClass: typeof JetStreamStore) => Promise<void>;

/** In the turn in which a batch is handed over the node hears that the place is taken. */
export const overtaken: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const other = await nodes.resume();
  await nodes.write(nodes.writer, "a");
  const append = nodes.second.append(nodes.writer.key, other.createData(["b"]), other.revision);
  const refused = nodes.refuses(append, "conflict");
  nodes.hear();
  await refused;
  expect(await nodes.last()).toBe(1);
};

/** The place is taken while a head is written that has to be written first. */
export const overtakenByHead: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const producers = Array.from({ length: producersOfLargeHead }, (_, index) =>
    createProducerState({ senderId: "sender", producer: `producer${index}` }),
  );
  await nodes.write(nodes.writer, "0", { producers });
  for (let count = 1; count < batchesUntilHead; count++)
    await nodes.write(nodes.writer, String(count));
  const other = await nodes.resume();
  nodes.hear();
  const { last } = other.head;
  const publish = nodes.connection.publish.bind(nodes.connection);
  let isFirst = true;
  nodes.connection.publish = async (...args) => {
    if (!isFirst) return publish(...args);
    isFirst = false;
    const sequence = await publish(...args);
    const taken = await SampleWriter.resume(nodes.first, nodes.writer.key);
    await taken.commit(taken.createData(["taken"]));
    for (const { name } of nodes.world.nats.streams.values())
      await nodes.connection.flushTails(name);
    nodes.hear();
    return sequence;
  };
  const append = nodes.second.append(nodes.writer.key, other.createData(["b"]), other.revision);
  await nodes.refuses(append, "conflict");
  expect(await nodes.last()).toBe(last + 1);
};

/** The answer to a write is lost, and somebody has written behind it before the node looks. */
export const settledBehind: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const other = await nodes.resume();
  const publish = nodes.connection.publish.bind(nodes.connection);
  nodes.connection.publish = async (...args) => {
    nodes.connection.publish = publish;
    await publish(...args);
    const next = await SampleWriter.resume(nodes.first, nodes.writer.key);
    await next.commit(next.createData(["behind"]));
    throw new JetStreamFailure("unavailable", "timeout");
  };
  await nodes.write(other, "in doubt");
  expect(await nodes.last()).toBe(2);
};

/** A write of which the answer is lost gets in when it is tried again, just before the second attempt. */
export const cameLate: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const other = await nodes.resume();
  const publish = nodes.connection.publish.bind(nodes.connection);
  nodes.connection.publish = (...first) => {
    nodes.connection.publish = async (...second) => {
      nodes.connection.publish = publish;
      await publish(...first);
      return publish(...second);
    };
    return Promise.reject(new JetStreamFailure("unavailable", "timeout"));
  };
  const append = nodes.second.append(nodes.writer.key, other.createData(["late"]), other.revision);
  const done = expect(append).resolves.toBeGreaterThan(0);
  done.catch(() => undefined);
  await nodes.world.pass(retryMs);
  await done;
  expect(await nodes.last()).toBe(1);
};

/** A leader that was deposed before the log was there answers. */
export const deposedBeforeLog: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  await nodes.resume();
  nodes.connection.readLast = () => Promise.resolve(undefined);
  await nodes.refuses(nodes.second.readHead(nodes.writer.key), "unavailable");
};

/** A leader that was deposed before a record was changed answers. */
export const deposedBeforeChange: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const record = createSampleRecord("process");
  const revision = await nodes.world.done(nodes.first.createRecord(record));
  const [stream = ""] = nodes.world.nats.subjects.streams;
  const old = await nodes.world.done(
    nodes.connection.readLast(stream, nodes.world.nats.subjects.recordOf("process")),
  );
  await nodes.world.done(nodes.first.updateRecord({ ...record, term: 2 }, revision));
  await nodes.world.settle();
  nodes.connection.readLast = () => Promise.resolve(old);
  await nodes.refuses(nodes.second.readRecord("process"), "unavailable");
};

/** Something is written while a read is under way that was asked for before it. */
export const writtenMeanwhile: Scenario = async (StoreClass) => {
  const nodes = await TwoNodes.create(StoreClass);
  const readLast = (nodes.connection as JetStream).readLast.bind(nodes.connection);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  nodes.connection.readLast = async (...args) => {
    nodes.connection.readLast = readLast;
    const answer = await readLast(...args);
    await released;
    return answer;
  };
  const before = nodes.second.readHead(nodes.writer.key);
  await nodes.world.settle();
  await nodes.write(nodes.writer, "a");
  const after = nodes.second.readHead(nodes.writer.key);
  release();
  expect((await nodes.world.done(after))?.head.last).toBe(1);
  await nodes.world.done(before);
};
