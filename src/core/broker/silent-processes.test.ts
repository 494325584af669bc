import { describe, expect, it } from "vitest";
import {
  codeOf,
  createFaulty,
  createRunning,
  createWorld,
  exe,
  inputs,
  pass,
  readAll,
  sub,
  worldsWithin,
} from "../../../test/broker-world.ts";
import type { World } from "../../../test/broker-world.ts";
import { StoreRejection } from "../store.ts";

const coldWorld = worldsWithin({ openChannelsMax: 0 });
const leaseMs = 10_000;
const lost = { status: "failed", error: "executor_lost" };

async function createLeased({ broker }: World): Promise<void> {
  await broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
  await broker.assign(sub, "p", { executorId: "exe", leaseMs });
}

async function outcomeOf({ broker }: World): Promise<unknown> {
  return (await broker.getProcess(sub, "p")).outcome;
}

describe("a process that runs and that nobody uses", () => {
  it("leaves memory with its last channel, and is read again when somebody comes", async () => {
    const { broker } = createWorld({ openChannelsMax: 2 });
    for (const id of ["a", "b", "c", "d"])
      await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
    expect(broker.memoryUse()).toMatchObject({ processes: 2, channels: 2 });
    expect(await readAll(broker, sub, "a")).toEqual([]);
    expect((await broker.getProcess(sub, "b")).state).toBe("running");
    expect((await broker.listProcesses(sub)).processes).toHaveLength(4);
    await broker.close();
    expect(broker.memoryUse()).toMatchObject({ processes: 0, channels: 0 });
  });

  it("stays while a reader waits, who is told of the end", async () => {
    const world = coldWorld();
    const { broker, clock } = world;
    await broker.start();
    await createLeased(world);
    const reader = await broker.subscribe(sub, "p", "out");
    expect(broker.memoryUse()).toMatchObject({ processes: 1, channels: 1 });
    await pass(clock, leaseMs + 2_000);
    expect(await reader.next()).toMatchObject({ kind: "end", outcome: lost });
    reader.close();
    expect(broker.memoryUse()).toMatchObject({ processes: 0, channels: 0 });
    await broker.close();
  });

  it("is not in memory after a start, and counts for its submitter", async () => {
    const first = createWorld();
    for (const id of ["a", "b"]) await first.broker.createProcess(sub, { id, channels: [] });
    await first.broker.close();
    const { broker } = coldWorld({ openProcessesPerSubmitter: 2 }, first.store, first.clock);
    await broker.start();
    expect(broker.memoryUse()).toMatchObject({ processes: 0, channels: 0 });
    const create = (): Promise<string> =>
      codeOf(broker.createProcess(sub, { id: "c", channels: [] }));
    expect(await create()).toBe("too_many_processes");
    const elsewhere = coldWorld({}, first.store, first.clock).broker;
    await elsewhere.deleteProcess(sub, "a");
    expect(await create()).toBe("none");
    await elsewhere.requestCancel(sub, "b");
    expect(await codeOf(broker.createProcess(sub, { id: "d", channels: [] }))).toBe("none");
    await broker.close();
  });

  it("is closed after a whole lease of silence, through all that left memory since", async () => {
    const world = coldWorld();
    const { broker, clock } = world;
    await broker.start();
    await createLeased(world);
    await pass(clock, 9_000);
    await broker.renewLease(exe, "p");
    await pass(clock, 9_000);
    await broker.append(exe, "p", "out", inputs("x"));
    await pass(clock, 9_000);
    expect(broker.memoryUse().processes).toBe(0);
    expect(await outcomeOf(world)).toBeUndefined();
    expect(await readAll(broker)).toEqual(["x"]);
    await pass(clock, 3_000);
    expect(await outcomeOf(world)).toEqual(lost);
    await broker.close();
  });

  it("is heard of when another broker assigns it, and not when one changes anything else", async () => {
    const world = coldWorld();
    const { broker, clock, store } = world;
    await broker.start();
    await createLeased(world);
    const elsewhere = coldWorld({}, store, clock).broker;
    await pass(clock, 9_000);
    await elsewhere.assign(sub, "p", { executorId: "new", leaseMs });
    await pass(clock, 9_000);
    await elsewhere.requestCancel(sub, "p");
    expect(await outcomeOf(world)).toBeUndefined();
    await pass(clock, 3_000);
    expect(await outcomeOf(world)).toEqual(lost);
    await broker.close();
  });

  it("is closed in a later round when it could not be read, and keeps no other from it", async () => {
    const limits = { openChannelsMax: 0, executorSilenceMs: leaseMs };
    const { broker, clock, faulty, stages } = createFaulty(limits);
    await broker.start();
    for (const id of ["a", "b"])
      await broker.createProcess(sub, { id, executorId: "exe", channels: [] });
    faulty.fail("readRecord", new StoreRejection("unavailable", "test"));
    await pass(clock, leaseMs + 1_000);
    const states = async (): Promise<string[]> =>
      (await broker.listProcesses(sub)).processes.map(({ state }) => state);
    expect(await states()).toEqual(["running", "closed"]);
    expect(stages).toEqual(["sweep"]);
    await pass(clock, 1_000);
    expect(await states()).toEqual(["closed", "closed"]);
    await broker.close();
  });

  it("gives nobody more entries by leaving memory", async () => {
    const world = coldWorld({ entryBurst: 1, entriesPerSecond: 0.5 });
    const { broker, clock } = world;
    await broker.start();
    await createRunning(world);
    const send = (): Promise<string> => codeOf(broker.append(exe, "p", "out", inputs("x")));
    expect([await send(), await send()]).toEqual(["none", "rate_limit_exceeded"]);
    expect(broker.memoryUse()).toMatchObject({ processes: 1, channels: 0 });
    await pass(clock, 3_000);
    expect(broker.memoryUse().processes).toBe(0);
    expect(await send()).toBe("none");
    await broker.close();
  });
});
