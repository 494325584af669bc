import { describe, expect, it } from "vitest";
import {
  admin,
  codeOf,
  createRunning,
  memoryLimits,
  exe,
  inputs,
  other,
  pass,
  sub,
  text,
  worldsWithin,
} from "../../../test/broker-world.ts";
import type { SubscriptionItem } from "./views.ts";

describe.each(memoryLimits)("Broker, processes, $name", ({ limits }) => {
  const createWorld = worldsWithin(limits);

  it("creates, gets and lists a process, and names each refusal", async () => {
    const { broker } = createWorld();
    const { process, created } = await broker.createProcess(sub, {
      id: "p",
      label: "train",
      channels: [{ name: "out" }],
    });
    expect([created, process.state, process.submitterId, process.term]).toEqual([
      true,
      "waiting",
      "sub",
      0,
    ]);
    expect(
      (await broker.createProcess(sub, { id: "p", label: "train", channels: [{ name: "out" }] }))
        .created,
    ).toBe(false);
    expect(await codeOf(broker.createProcess(sub, { id: "p", channels: [{ name: "else" }] }))).toBe(
      "process_exists",
    );
    expect(await codeOf(broker.createProcess(sub, { id: "../x", channels: [] }))).toBe(
      "invalid_argument",
    );
    expect(
      await codeOf(broker.createProcess(sub, { channels: [{ name: "a" }, { name: "a" }] })),
    ).toBe("channel_exists");
    expect(await codeOf(broker.createProcess(sub, { submitterId: "other", channels: [] }))).toBe(
      "forbidden",
    );
    expect(
      (await broker.createProcess(admin, { submitterId: "other", channels: [] })).process
        .submitterId,
    ).toBe("other");
    expect((await broker.listProcesses(sub)).processes.map(({ id }) => id)).toEqual(["p"]);
    expect((await broker.listProcesses(admin)).processes).toHaveLength(2);
    expect(await codeOf(broker.getProcess(other, "p"))).toBe("forbidden");
    expect(await codeOf(broker.getProcess(sub, "none"))).toBe("process_not_found");
  });

  it("creates one process however many ask for one id at the same time", async () => {
    const { broker } = createWorld();
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] }),
      ),
    );
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ process }) => process.epoch)).size).toBe(1);
  });

  it("pages through the list in order of id", async () => {
    const { broker } = createWorld();
    for (const id of ["c", "a", "b"]) await broker.createProcess(sub, { id, channels: [] });
    const first = await broker.listProcesses(sub, { limit: 2 });
    const second = await broker.listProcesses(sub, { limit: 2, after: first.next ?? "" });
    expect([first.processes, second.processes].map((page) => page.map(({ id }) => id))).toEqual([
      ["a", "b"],
      ["c"],
    ]);
    expect(second.next).toBeUndefined();
  });

  it("bounds the open processes of a submitter; closed ones do not count", async () => {
    const { broker } = createWorld({ openProcessesPerSubmitter: 1 });
    await broker.createProcess(sub, { id: "a", channels: [] });
    expect(await codeOf(broker.createProcess(sub, { id: "b", channels: [] }))).toBe(
      "too_many_processes",
    );
    await broker.closeProcess(sub, "a", { status: "success" });
    await broker.createProcess(sub, { id: "b", channels: [] });
  });

  it("lets a named candidate take the role once, and nobody else", async () => {
    const { broker } = createWorld();
    await broker.createProcess(sub, {
      id: "p",
      executors: ["exe", "two"],
      channels: [{ name: "out" }],
    });
    expect(await codeOf(broker.assign(other, "p", { executorId: "other" }))).toBe("forbidden");
    expect((await broker.assign(exe, "p", { executorId: "exe" })).state).toBe("running");
    expect(
      await codeOf(broker.assign({ identity: "two", isAdmin: false }, "p", { executorId: "two" })),
    ).toBe("process_not_waiting");
  });

  it("lets the executor take its role anew, under a new term, until it was replaced", async () => {
    const { broker } = createWorld();
    await createRunning({ broker });
    const { term } = await broker.getProcess(exe, "p");
    expect((await broker.assign(exe, "p", { executorId: "exe" })).term).toBe(term + 1);
    expect(await codeOf(broker.renewLease(exe, "p", { term }))).toBe("executor_fenced");
    await broker.assign(sub, "p", { executorId: "other" });
    expect(await codeOf(broker.assign(exe, "p", { executorId: "exe" }))).toBe("forbidden");
  });

  it("keeps a cancel request with who and when, and closes a process that nobody runs", async () => {
    const { broker, clock } = createWorld();
    await createRunning({ broker });
    const at = clock.now();
    expect((await broker.requestCancel(sub, "p")).cancelRequest).toEqual({ by: "sub", at });
    clock.advance(5_000);
    expect((await broker.requestCancel(admin, "p")).cancelRequest).toEqual({ by: "sub", at });
    expect((await broker.renewLease(exe, "p")).cancelRequest).toEqual({ by: "sub", at });
    await broker.createProcess(sub, { id: "q", channels: [{ name: "out" }] });
    expect((await broker.requestCancel(sub, "q")).outcome).toEqual({ status: "cancelled" });
  });

  it("closes with an outcome that every channel's readers get, once and for all", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker } = world;
    await broker.append(exe, "p", "out", inputs("last"));
    const reader = await broker.subscribe(sub, "p", "out", { after: "start" });
    const outcome = { status: "failed", error: "exit code 3", exitCode: 3 } as const;
    const closed = await broker.closeProcess(exe, "p", outcome);
    expect([closed.state, closed.outcome, closed.lastPositions]).toEqual([
      "closed",
      outcome,
      { out: 1 },
    ]);
    const items: SubscriptionItem[] = [];
    for await (const item of reader) items.push(item);
    expect(items.map(({ kind }) => kind)).toEqual(["entries", "end"]);
    expect(items[1]).toMatchObject({ reason: "closed", outcome });
    expect((await broker.closeProcess(exe, "p", outcome)).state).toBe("closed");
    expect(await codeOf(broker.closeProcess(exe, "p", { status: "success" }))).toBe(
      "process_closed",
    );
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late")))).toBe("process_closed");
    expect((await broker.read(sub, "p", "out")).outcome).toEqual(outcome);
  });

  it("deletes with all logs; the same id again is a new epoch, and an old cursor gets the gap", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker, store } = world;
    const { cursor } = await broker.append(exe, "p", "out", inputs("x"));
    const reader = await broker.subscribe(sub, "p", "out", { after: "now" });
    await broker.deleteProcess(sub, "p");
    expect(await reader.next()).toMatchObject({ kind: "end", reason: "deleted" });
    expect(await codeOf(broker.getProcess(sub, "p"))).toBe("process_not_found");
    expect(store.keptBytes()).toBe(0);
    await createRunning(world);
    await broker.append(exe, "p", "out", inputs("new"));
    const result = await broker.read(sub, "p", "out", { after: cursor });
    expect([result.gap?.reason, result.gap?.first, result.entries.map(text)]).toEqual([
      "epoch",
      1,
      ["new"],
    ]);
  });

  it("declares an executor lost after a whole lease of silence, and not while it renews", async () => {
    const { broker, clock } = createWorld({ sweepIntervalMs: 1_000 });
    await broker.start();
    await broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
    await broker.assign(sub, "p", { executorId: "exe", leaseMs: 10_000 });
    await pass(clock, 9_000);
    await broker.renewLease(exe, "p");
    clock.setWallTime(0);
    await pass(clock, 10_000);
    expect((await broker.getProcess(sub, "p")).state).toBe("running");
    await pass(clock, 2_000);
    expect((await broker.getProcess(sub, "p")).outcome).toEqual({
      status: "failed",
      error: "executor_lost",
    });
    expect((await broker.read(sub, "p", "out")).outcome).toEqual({
      status: "failed",
      error: "executor_lost",
    });
    await broker.close();
  });

  it("does not count the silence before it began to listen", async () => {
    const first = createWorld();
    await first.broker.createProcess(sub, { id: "p", channels: [] });
    await first.broker.assign(sub, "p", { executorId: "exe", leaseMs: 10_000 });
    await first.broker.close();
    first.clock.advance(60_000);
    const second = createWorld({}, first.store, first.clock);
    await second.broker.start();
    await pass(first.clock, 10_000);
    expect((await second.broker.getProcess(sub, "p")).state).toBe("running");
    await pass(first.clock, 2_000);
    expect((await second.broker.getProcess(sub, "p")).state).toBe("closed");
    await second.broker.close();
  });

  it("expires closed processes after their time, and the oldest ones early when the store fills up", async () => {
    const { broker, clock } = createWorld({ closedProcessAgeMs: 60_000, storeBytesMax: 1_000 });
    await broker.start();
    for (const id of ["a", "b"]) {
      await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
      await broker.append(exe, id, "out", inputs("x".repeat(400)));
      await broker.closeProcess(exe, id, { status: "success" });
      clock.setWallTime(clock.now() + 10);
    }
    await pass(clock, 2_000);
    expect((await broker.listProcesses(sub)).processes.map(({ id }) => id)).toEqual(["b"]);
    await pass(clock, 60_000);
    expect((await broker.listProcesses(sub)).processes).toEqual([]);
    await broker.close();
  });

  it("watches: the matching processes now, then each change; slow watchers get the newest state only", async () => {
    const world = createWorld();
    const { broker } = world;
    await createRunning(world);
    const watch = await broker.watchProcesses(sub);
    expect(await watch.next()).toMatchObject([{ process: { id: "p", state: "running" } }]);
    await broker.requestCancel(sub, "p");
    await broker.closeProcess(exe, "p", { status: "cancelled" });
    expect(await watch.next()).toMatchObject([{ process: { state: "closed" } }]);
    await broker.deleteProcess(sub, "p");
    const changes = await watch.next();
    expect(changes.at(-1)).toEqual({ deleted: "p" });
    const blind = await broker.watchProcesses(other);
    expect(await blind.next()).toEqual([]);
  });
});
