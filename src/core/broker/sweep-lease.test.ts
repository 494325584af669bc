import { expect, it } from "vitest";
import { createWorld, pass, sub } from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";

const minuteMs = 60_000;

/** Shared by brokers of which another one may sweep. */
class LeasedStore extends MemoryStore {
  isHeld = false;

  holdsSweepLease(): boolean {
    return this.isHeld;
  }
}

it("only the node with the lease closes and deletes what nobody asks for", async () => {
  const store = new LeasedStore();
  const { broker, clock } = createWorld({ closedProcessAgeMs: minuteMs }, store);
  await broker.start();
  await broker.createProcess(sub, { id: "closed", channels: [] });
  await broker.closeProcess(sub, "closed", { status: "success" });
  await broker.createProcess(sub, { id: "silent", channels: [] });
  await broker.assign(sub, "silent", { executorId: "exe", leaseMs: 10_000 });
  const states = async (): Promise<readonly string[]> => {
    const { processes } = await broker.listProcesses(sub);
    return processes.map(({ id, state }) => `${id} ${state}`);
  };

  await pass(clock, 2 * minuteMs);
  expect(await states()).toEqual(["closed closed", "silent running"]);
  store.isHeld = true;
  await pass(clock, 5_000);
  expect(await states()).toEqual(["silent closed"]);
  await broker.close();
});

it("a node without the lease deletes what is long overdue", async () => {
  const store = new LeasedStore();
  const { broker, clock } = createWorld({ closedProcessAgeMs: minuteMs }, store);
  const other = createWorld({}, store, clock).broker;
  await broker.start();
  for (const id of ["left", "deleted"]) {
    await broker.createProcess(sub, { id, channels: [] });
    await broker.closeProcess(sub, id, { status: "success" });
  }
  await other.deleteProcess(sub, "deleted");
  await pass(clock, 10 * minuteMs);
  expect((await broker.listProcesses(sub)).processes).toHaveLength(1);
  await pass(clock, 2 * minuteMs);
  expect((await broker.listProcesses(sub)).processes).toEqual([]);
  for (const each of [broker, other]) await each.close();
});
