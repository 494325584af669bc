import { describe, expect, it } from "vitest";
import {
  codeOf,
  createFaulty,
  createWorld,
  exe,
  inputs,
  pass,
  readAll,
  sub,
} from "../../../test/broker-world.ts";
import type { World } from "../../../test/broker-world.ts";
import { runCount } from "../../../test/run-count.ts";
import { StoreRejection } from "../store.ts";
import type { Store } from "../store.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";
import type { ProcessChange } from "./process-watch.ts";

async function createClosed({ broker, clock }: World, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
    await broker.append(exe, id, "out", inputs(id));
    await broker.closeProcess(exe, id, { status: "success" });
    clock.setWallTime(clock.now() + 1);
  }
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `p${String(n).padStart(5, "0")}`);

const idsOf = (changes: readonly ProcessChange[]): string[] =>
  changes.map((change) => ("process" in change ? change.process.id : `-${change.deleted}`));

describe("closed processes", () => {
  it("leave memory with their last channel, and are read again when somebody comes", async () => {
    const world = createWorld({ openChannelsMax: 2 });
    const { broker } = world;
    await createClosed(world, numbered(10));
    expect(broker.memoryUse()).toMatchObject({ processes: 2, channels: 2 });
    expect(await readAll(broker, sub, "p00000")).toEqual(["p00000"]);
    expect((await broker.getProcess(sub, "p00003")).outcome).toEqual({ status: "success" });
    expect(await codeOf(broker.append(exe, "p00003", "out", inputs("late")))).toBe(
      "process_closed",
    );
    expect(broker.memoryUse()).toMatchObject({ processes: 2, channels: 2 });
    expect((await broker.listProcesses(sub)).processes).toHaveLength(10);
  });

  it("leave no more channels in memory than there is room for, however many there are", async () => {
    const world = createWorld({ openChannelsMax: 100, windowBytesMax: 5_000 });
    await createClosed(world, numbered(runCount(2_000, 20_000)));
    expect(world.broker.memoryUse()).toMatchObject({ processes: 100, channels: 100 });
    expect(world.broker.memoryUse().windowBytes).toBeLessThanOrEqual(5_000);
    await world.broker.close();
    expect(world.broker.memoryUse()).toMatchObject({ processes: 0, channels: 0, windowBytes: 0 });
  });

  it("give nobody more repeats by leaving memory", async () => {
    const world = createWorld({ openChannelsMax: 0, repeatBurst: 1, repeatsPerSecond: 0.5 });
    const { broker, clock } = world;
    await broker.start();
    await broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out" }] });
    const send = (): Promise<string> =>
      codeOf(broker.append(exe, "p", "out", [{ sequence: 1, payload: "x" }], { producer: "tab" }));
    await send();
    await broker.closeProcess(exe, "p", { status: "success" });
    expect(broker.memoryUse().processes).toBe(0);
    expect([await send(), await send()]).toEqual(["none", "rate_limit_exceeded"]);
    expect(broker.memoryUse()).toMatchObject({ processes: 1, channels: 0 });
    await pass(clock, 3_000);
    expect(broker.memoryUse().processes).toBe(0);
    expect(await send()).toBe("none");
    await broker.close();
  });

  it("expire in the order in which they closed, also those of before the start", async () => {
    const limits = { closedProcessAgeMs: 60_000, openChannelsMax: 0 };
    const first = createWorld(limits);
    await createClosed(first, ["c", "a", "b"]);
    await first.broker.close();
    const second = createWorld(limits, first.store, first.clock);
    const { broker, clock } = second;
    await broker.start();
    await pass(clock, 30_000);
    await createClosed(second, ["d"]);
    await pass(clock, 29_000);
    expect((await broker.listProcesses(sub)).processes).toHaveLength(4);
    await pass(clock, 2_000);
    expect((await broker.listProcesses(sub)).processes.map(({ id }) => id)).toEqual(["d"]);
    await pass(clock, 30_000);
    expect((await broker.listProcesses(sub)).processes).toEqual([]);
    await broker.close();
  });

  it("spare one that was created again under the same id", async () => {
    const limits = { closedProcessAgeMs: 10_000, openChannelsMax: 0 };
    const world = createWorld(limits);
    const { broker, clock } = world;
    await broker.start();
    await createClosed(world, ["p"]);
    await broker.deleteProcess(sub, "p");
    await broker.createProcess(sub, { id: "p", channels: [] });
    await pass(clock, 20_000);
    expect((await broker.getProcess(sub, "p")).state).toBe("waiting");
    await broker.close();
  });

  it("are tried again when they could not be deleted, and keep no other from it", async () => {
    const limits = { closedProcessAgeMs: 5_000, openChannelsMax: 0 };
    const { broker, clock, store, faulty, stages } = createFaulty(limits);
    await broker.start();
    await createClosed({ broker, clock, store, audit: [] }, ["a", "b"]);
    faulty.fail("readRecord", new StoreRejection("unavailable", "test"));
    await pass(clock, 5_000);
    expect((await broker.listProcesses(sub)).processes.map(({ id }) => id)).toEqual(["a"]);
    expect(stages).toEqual(["sweep"]);
    await pass(clock, 550);
    expect((await broker.listProcesses(sub)).processes).toEqual([]);
    await broker.close();
  });

  it.each(["readRecord", "listRecords"] as const)(
    "are not in memory by an answer of the store (%s) that a delete has overtaken",
    async (method) => {
      const world = createWorld({ openChannelsMax: 0 });
      await world.broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
      const late = new Proxy<Store>(world.store, {
        get: (target, name: keyof Store) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          const call = value.bind(target) as (...args: unknown[]) => unknown;
          if (name !== method) return call;
          return async (...args: unknown[]) => {
            const answer = await call(...args);
            // Answered from before, with what comes after it told already.
            if ((await target.readRecord("p")) !== undefined)
              await world.broker.deleteProcess(sub, "p");
            return answer;
          };
        },
      });
      const broker = new Broker({ store: late, system: { clock: world.clock, randomId } });
      if (method === "listRecords") await broker.start();
      expect(await codeOf(broker.getProcess(sub, "p"))).toBe("process_not_found");
      expect(broker.memoryUse().processes).toBe(0);
      await broker.close();
    },
  );
});

describe("a watch over processes that are not in memory", () => {
  it("shows all of them, page by page, then each that changes or goes", async () => {
    const world = createWorld({ openChannelsMax: 0 });
    const { broker } = world;
    const ids = numbered(600);
    await createClosed(world, ids);
    const watch = await broker.watchProcesses(sub);
    const first = await watch.next();
    expect(first).toHaveLength(500);
    await broker.deleteProcess(sub, ids[0] as string);
    await broker.deleteProcess(sub, ids[550] as string);
    await createClosed(world, ["zz"]);
    const rest: string[] = [];
    while (!rest.includes("p00599")) rest.push(...idsOf(await watch.next()));
    const expected = ids.slice(500).filter((id) => id !== ids[550]);
    expect(rest.filter((id) => id.startsWith("p")).sort()).toEqual(expected);
    expect(rest.filter((id) => !id.startsWith("p")).sort()).toEqual([`-${ids[0]}`, "zz"]);
    expect(broker.memoryUse().processes).toBe(0);
    await broker.deleteProcess(sub, "zz");
    expect(idsOf(await watch.next())).toEqual(["-zz"]);
    watch.close();
    expect(await watch.next()).toEqual([]);
  });
});
