import { describe, expect, it } from "vitest";
import {
  codeOf,
  createFaulty,
  createRunning,
  createWorld,
  exe,
  inputs,
  other,
  pass,
  readAll,
  sub,
  text,
} from "../../../test/broker-world.ts";
import type { World } from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { createDeferred } from "../deferred.ts";
import type { Deferred } from "../deferred.ts";
import { StoreRejection } from "../store.ts";
import type { HeardListener, Revision } from "../store.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";

const leaseMs = 8_000;
const stranger = { identity: "stranger", isAdmin: false };

/** A store that can lose touch with those who share it. */
class SeverableStore extends MemoryStore {
  isSevered = false;
  /** What others tell is lost from here on. */
  isDeaf = false;
  readonly #listeners: HeardListener[] = [];

  override followHeard(listener: HeardListener): () => void {
    this.#listeners.push(listener);
    return super.followHeard({
      heard: (processId, assignTerm) => {
        if (!this.isDeaf) listener.heard(processId, assignTerm);
      },
      missed: () => listener.missed(),
    });
  }

  isCutOff(): boolean {
    return this.isSevered;
  }

  tellMissed(): void {
    for (const listener of this.#listeners) listener.missed();
  }
}

async function createNodes(): Promise<{
  readonly store: SeverableStore;
  readonly clock: FakeClock;
  readonly nodes: readonly [World, World];
}> {
  const store = new SeverableStore();
  const clock = new FakeClock();
  const nodes = [createWorld({}, store, clock), createWorld({}, store, clock)] as const;
  for (const { broker } of nodes) await broker.start();
  const [{ broker }] = nodes;
  await broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
  await broker.assign(sub, "p", { executorId: "exe", leaseMs });
  return { store, clock, nodes };
}

async function stateOf({ broker }: World): Promise<string> {
  return (await broker.getProcess(sub, "p")).state;
}

describe("two nodes over one store", () => {
  it("both know of an executor that only one of them hears", async () => {
    const { clock, nodes } = await createNodes();
    const [first, second] = nodes;
    for (let passedMs = 0; passedMs < leaseMs * 4; passedMs += 2_000) {
      await pass(clock, 2_000);
      await second.broker.renewLease(exe, "p");
    }
    expect(await stateOf(first)).toBe("running");
    for (let passedMs = 0; passedMs < leaseMs * 4; passedMs += 2_000) {
      await pass(clock, 2_000);
      await second.broker.append(exe, "p", "out", [{ payload: "x" }]);
    }
    expect(await stateOf(first)).toBe("running");
    await pass(clock, leaseMs + 2_000);
    expect(await stateOf(first)).toBe("closed");
    expect(await stateOf(second)).toBe("closed");
  });

  it("tell each other of an executor so many times a lease, however often it is heard", async () => {
    const { store, clock, nodes } = await createNodes();
    let told = 0;
    store.followHeard({ heard: () => told++, missed: () => undefined });
    for (let turn = 0; turn < 80; turn++) {
      clock.advance(leaseMs / 80);
      await nodes[1].broker.renewLease(exe, "p");
    }
    expect(told).toBe(8);
  });

  it("do not take an executor for lost while word of it may have been lost", async () => {
    const { store, clock, nodes } = await createNodes();
    await pass(clock, leaseMs - 1_000);
    store.tellMissed();
    await pass(clock, leaseMs - 1_000);
    expect(await stateOf(nodes[0])).toBe("running");
    await pass(clock, 3_000);
    expect(await stateOf(nodes[0])).toBe("closed");
  });

  it("do not mind the executor before", async () => {
    const { store, clock, nodes } = await createNodes();
    store.isDeaf = true;
    await nodes[0].broker.assign(sub, "p", { executorId: "next", leaseMs });
    store.isDeaf = false;
    await pass(clock, leaseMs - 1_000);
    store.tellHeard("p", 1);
    await pass(clock, 3_000);
    expect(await stateOf(nodes[0])).toBe("closed");
  });
});

describe("a node that has lost its store", () => {
  it("says `unavailable` whatever it is asked for, and is not ready", async () => {
    const { store, nodes } = await createNodes();
    const { broker } = nodes[0];
    const reader = await broker.subscribe(sub, "p", "out", { after: "start" });
    store.isSevered = true;
    const asked = [
      broker.getProcess(sub, "p"),
      broker.getProcess(sub, "unknown"),
      broker.read(sub, "p", "out"),
      broker.read(stranger, "p", "out"),
      broker.append(exe, "p", "out", [{ payload: "x" }], { term: 99 }),
      broker.assign(sub, "p", { executorId: "next" }),
      broker.createProcess(sub, { id: "q", channels: [] }),
    ];
    for (const promise of asked) expect(await codeOf(promise)).toBe("unavailable");
    expect(broker.isReady()).toBe(false);
    store.isSevered = false;
    expect(broker.isReady()).toBe(true);
    await broker.append(exe, "p", "out", [{ payload: "after" }]);
    expect(await reader.next()).toMatchObject({ kind: "entries" });
    expect(await readAll(broker)).toEqual(["after"]);
    reader.close();
  });

  it("leaves every process alone until it has it again", async () => {
    const store = new SeverableStore();
    const clock = new FakeClock();
    const stages: string[] = [];
    const broker = new Broker({
      store,
      system: { clock, randomId },
      limits: { executorSilenceMs: leaseMs },
      onError: (_error, { stage }) => stages.push(stage),
    });
    await broker.start();
    await createRunning({ broker });
    store.isSevered = true;
    await pass(clock, leaseMs * 4);
    expect(stages).toEqual([]);
    store.isSevered = false;
    await pass(clock, 5_000);
    expect((await broker.getProcess(sub, "p")).state).toBe("closed");
    expect(stages).toEqual([]);
    await broker.close();
  });
});

/** A store whose follower hears of nothing until it looks for itself. */
class SlowNewsStore extends MemoryStore {
  override follow(): () => void {
    return () => undefined;
  }

  override followRecords(): () => void {
    return () => undefined;
  }
}

/** A store that shows what it has written before it answers the writer. */
class LateAnswerStore extends MemoryStore {
  readonly committed = createDeferred();
  answering: Deferred<void> | undefined;

  override async append(...write: Parameters<MemoryStore["append"]>): Promise<Revision> {
    const revision = await super.append(...write);
    if (this.answering === undefined) return revision;
    this.committed.resolve();
    await this.answering.promise;
    return revision;
  }
}

describe("a node that has not heard of what another one wrote", () => {
  const createSlowNodes = async (): Promise<readonly [Broker, Broker]> => {
    const store = new SlowNewsStore();
    const clock = new FakeClock();
    const [first, second] = [createWorld({}, store, clock), createWorld({}, store, clock)];
    await createRunning(first);
    for (const { broker } of [first, second]) await broker.append(exe, "p", "out", inputs("one"));
    return [first.broker, second.broker];
  };

  it("looks before it refuses an entry that goes on where another node stopped", async () => {
    const nodes = await createSlowNodes();
    for (let sequence = 1; sequence <= 6; sequence++) {
      const node = nodes[sequence % 2] as Broker;
      const entry = [{ sequence, payload: `${sequence}` }];
      await node.append(exe, "p", "out", entry, { producer: "moves" });
    }
    expect(await readAll(nodes[0])).toEqual(["one", "one", "1", "2", "3", "4", "5", "6"]);
  });

  it("looks again for the entry that it has just refused, once another node has the one before", async () => {
    const [first, second] = await createSlowNodes();
    const send = (broker: Broker, sequence: number): Promise<string> => {
      const entry = [{ sequence, payload: `${sequence}` }];
      return codeOf(broker.append(exe, "p", "out", entry, { producer: "moves" }));
    };
    expect(await send(second, 2)).toBe("sequence_gap");
    expect(await send(first, 1)).toBe("none");
    expect(await send(second, 2)).toBe("none");
  });

  it("looks before it refuses an executor, and before it refuses the one before", async () => {
    const [first, second] = await createSlowNodes();
    const { term } = await first.assign(sub, "p", { executorId: "other" });
    await second.append(other, "p", "out", inputs("new"), { term });
    expect(await codeOf(second.append(exe, "p", "out", inputs("late")))).toBe("unauthorized");
    expect((await second.getProcess(sub, "p")).executorId).toBe("other");
  });

  it("shows what was acknowledged elsewhere to whoever begins to read", async () => {
    const [first, second] = await createSlowNodes();
    const { cursor } = await first.append(exe, "p", "out", inputs("news"));
    expect(await readAll(second)).toEqual(["one", "one", "news"]);
    await first.append(exe, "p", "out", inputs("more"));
    const { entries } = await second.read(sub, "p", "out", { after: cursor });
    expect(entries.map(text)).toEqual(["more"]);
  });

  it("waits for its own write where a reader has seen it elsewhere before its answer came", async () => {
    const store = new LateAnswerStore();
    const clock = new FakeClock();
    const [first, second] = [createWorld({}, store, clock), createWorld({}, store, clock)];
    await createRunning(first);
    store.answering = createDeferred();
    const append = first.broker.append(exe, "p", "out", inputs("early"));
    await store.committed.promise;
    const { cursor, entries } = await second.broker.read(sub, "p", "out");
    expect(entries.map(text)).toEqual(["early"]);
    const reading = first.broker.read(sub, "p", "out", { after: cursor });
    await new Promise(setImmediate);
    store.answering.resolve();
    expect(await reading).not.toHaveProperty("gap");
    await append;
  });

  it("looks again where the look before has failed", async () => {
    const { broker, faulty } = createFaulty();
    await createRunning({ broker });
    // It is in memory while somebody reads it.
    const reader = await broker.subscribe(sub, "p", "out");
    faulty.fail("readRecord", new StoreRejection("unavailable", "no leader"));
    const read = (): Promise<string> => codeOf(broker.read(stranger, "p", "out"));
    expect(await read()).toBe("unavailable");
    const before = faulty.count("readRecord");
    expect(await read()).toBe("unauthorized");
    expect(faulty.count("readRecord")).toBe(before + 1);
    expect(await read()).toBe("unauthorized");
    expect(faulty.count("readRecord")).toBe(before + 1);
    reader.close();
  });

  it("does not let a stranger spend the store's time", async () => {
    const world = createFaulty();
    await createRunning(world);
    const before = world.faulty.count("readRecord");
    const codes: string[] = [];
    for (let turn = 0; turn < 200; turn++)
      codes.push(await codeOf(world.broker.read(stranger, "p", `c${turn % 90}`)));
    expect(world.faulty.count("readRecord") - before).toBeLessThanOrEqual(90);
    const refused: string[] = [];
    for (let turn = 0; turn < 200; turn++) {
      await pass(world.clock, 1_000);
      refused.push(await codeOf(world.broker.read(stranger, "p", "out")));
    }
    expect(new Set(refused)).toEqual(new Set(["unauthorized"]));
    expect(new Set(codes)).toEqual(new Set(["channel_not_found"]));
  });
});

it("a batch that was not confirmed, and that was removed with its log since, is in doubt and not refused", async () => {
  const { broker, faulty, store, clock } = createFaulty();
  await createRunning({ broker });
  await broker.append(exe, "p", "out", inputs("a"));
  faulty.fail("append", new StoreRejection("unavailable", "test"), { when: "after" });
  const catchingUp = faulty.hold("readCommits");
  // Nothing but the tombstone is left, as on JetStream.
  store.removeLog = () => Promise.resolve();
  store.readCommits = () => Promise.resolve(undefined);
  const appending = codeOf(broker.append(exe, "p", "out", inputs("b")));
  await catchingUp.reached;
  const beside = new Broker({ store, system: { clock, randomId } });
  await beside.deleteProcess(sub, "p");
  catchingUp.release();
  expect(await appending).toBe("unavailable");
});
