import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { EntryInput, MsgEntry } from "../entry.ts";
import { isChannelError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ChannelSpec } from "../process-record.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";
import type { Caller } from "./caller.ts";
import type { AuditEvent, SubscriptionItem } from "./views.ts";

const sub: Caller = { identity: "sub", isAdmin: false };
const exe: Caller = { identity: "exe", isAdmin: false };
const other: Caller = { identity: "other", isAdmin: false };
const admin: Caller = { identity: "root", isAdmin: true };

interface World {
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly audit: AuditEvent[];
}

function createWorld(limits: Partial<BrokerLimits> = {}, store = new MemoryStore(), clock = new FakeClock()): World {
  const audit: AuditEvent[] = [];
  const onError = (error: unknown): never => {
    throw error;
  };
  const broker = new Broker({ store, limits, system: { clock, randomId }, onError, onAudit: (event) => audit.push(event) });
  return { broker, clock, store, audit };
}

async function createRunning(world: World, channel: Partial<ChannelSpec> = {}): Promise<void> {
  await world.broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out", ...channel }] });
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (isChannelError(error)) return error.code;
    throw error;
  }
}

/** Lets time pass in steps, each with time for what it set off. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(1_000);
    await new Promise(setImmediate);
  }
}

const text = (entry: MsgEntry): string => new TextDecoder().decode(entry.payload);
const inputs = (...payloads: string[]): EntryInput[] => payloads.map((payload) => ({ payload }));

async function readAll(broker: Broker, caller: Caller = sub): Promise<string[]> {
  return (await broker.read(caller, "p", "out", { entriesMax: 10_000 })).entries.map(text);
}

describe("Broker, processes", () => {
  it("creates, gets and lists a process, and names each refusal", async () => {
    const { broker } = createWorld();
    const { process, created } = await broker.createProcess(sub, { id: "p", label: "train", channels: [{ name: "out" }] });
    expect([created, process.state, process.submitterId, process.term]).toEqual([true, "waiting", "sub", 0]);
    expect((await broker.createProcess(sub, { id: "p", label: "train", channels: [{ name: "out" }] })).created).toBe(false);
    expect(await codeOf(broker.createProcess(sub, { id: "p", channels: [{ name: "else" }] }))).toBe("process_exists");
    expect(await codeOf(broker.createProcess(sub, { id: "../x", channels: [] }))).toBe("invalid_argument");
    expect(await codeOf(broker.createProcess(sub, { channels: [{ name: "a" }, { name: "a" }] }))).toBe("channel_exists");
    expect(await codeOf(broker.createProcess(sub, { submitterId: "other", channels: [] }))).toBe("forbidden");
    expect((await broker.createProcess(admin, { submitterId: "other", channels: [] })).process.submitterId).toBe("other");
    expect((await broker.listProcesses(sub)).processes.map(({ id }) => id)).toEqual(["p"]);
    expect((await broker.listProcesses(admin)).processes).toHaveLength(2);
    expect(await codeOf(broker.getProcess(other, "p"))).toBe("forbidden");
    expect(await codeOf(broker.getProcess(sub, "none"))).toBe("process_not_found");
  });

  it("creates one process however many ask for one id at the same time", async () => {
    const { broker } = createWorld();
    const results = await Promise.all(Array.from({ length: 20 }, () => broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] })));
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ process }) => process.epoch)).size).toBe(1);
  });

  it("pages through the list in order of id", async () => {
    const { broker } = createWorld();
    for (const id of ["c", "a", "b"]) await broker.createProcess(sub, { id, channels: [] });
    const first = await broker.listProcesses(sub, { limit: 2 });
    const second = await broker.listProcesses(sub, { limit: 2, after: first.next ?? "" });
    expect([first.processes, second.processes].map((page) => page.map(({ id }) => id))).toEqual([["a", "b"], ["c"]]);
    expect(second.next).toBeUndefined();
  });

  it("bounds the open processes of a submitter; closed ones do not count", async () => {
    const { broker } = createWorld({ openProcessesPerSubmitter: 1 });
    await broker.createProcess(sub, { id: "a", channels: [] });
    expect(await codeOf(broker.createProcess(sub, { id: "b", channels: [] }))).toBe("too_many_processes");
    await broker.closeProcess(sub, "a", { status: "success" });
    await broker.createProcess(sub, { id: "b", channels: [] });
  });

  it("lets a named candidate take the role once, and nobody else", async () => {
    const { broker } = createWorld();
    await broker.createProcess(sub, { id: "p", executors: ["exe", "two"], channels: [{ name: "out" }] });
    expect(await codeOf(broker.assign(other, "p", { executorId: "other" }))).toBe("forbidden");
    expect((await broker.assign(exe, "p", { executorId: "exe" })).state).toBe("running");
    expect(await codeOf(broker.assign({ identity: "two", isAdmin: false }, "p", { executorId: "two" }))).toBe("process_not_waiting");
  });

  it("keeps a cancel request with who and when, and closes a process that nobody runs", async () => {
    const { broker, clock } = createWorld();
    await createRunning({ broker } as World);
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
    expect([closed.state, closed.outcome, closed.lastPositions]).toEqual(["closed", outcome, { out: 1 }]);
    const items: SubscriptionItem[] = [];
    for await (const item of reader) items.push(item);
    expect(items.map(({ kind }) => kind)).toEqual(["entries", "end"]);
    expect(items[1]).toMatchObject({ reason: "closed", outcome });
    expect((await broker.closeProcess(exe, "p", outcome)).state).toBe("closed");
    expect(await codeOf(broker.closeProcess(exe, "p", { status: "success" }))).toBe("process_closed");
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
    expect([result.gap?.reason, result.gap?.first, result.entries.map(text)]).toEqual(["epoch", 1, ["new"]]);
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
    expect((await broker.getProcess(sub, "p")).outcome).toEqual({ status: "failed", error: "executor_lost" });
    expect((await broker.read(sub, "p", "out")).outcome).toEqual({ status: "failed", error: "executor_lost" });
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

describe("Broker, append and read", () => {
  it("acknowledges positions and a cursor, and numbers what comes without a sequence", async () => {
    const world = createWorld();
    await createRunning(world);
    const first = await world.broker.append(exe, "p", "out", inputs("a", "b"));
    const second = await world.broker.append(exe, "p", "out", inputs("c"));
    expect(first.entries.map(({ position, sequence }) => [position, sequence])).toEqual([[1, 1], [2, 2]]);
    expect([second.cursor.position, second.entries[0]?.sequence]).toEqual([3, 3]);
    expect(await readAll(world.broker)).toEqual(["a", "b", "c"]);
  });

  it("adds all of a call or nothing", async () => {
    const world = createWorld({ payloadBytesMax: 3 });
    await createRunning(world, { maxLogEntries: 2 });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("a", "toolong")))).toBe("message_too_large");
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("a", "b", "c")))).toBe("channel_full");
    await world.broker.append(exe, "p", "out", inputs("a"));
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("b", "c")))).toBe("channel_full");
    expect(await readAll(world.broker)).toEqual(["a"]);
  });

  it("takes a producer's sequences consecutively, repeats harmlessly, and refuses gaps and other content", async () => {
    const world = createWorld();
    await createRunning(world);
    const send = (sequence: number, payload: string): Promise<unknown> =>
      world.broker.append(exe, "p", "out", [{ sequence, payload }], { producer: "tab1" });
    expect(await codeOf(send(2, "b"))).toBe("sequence_gap");
    await send(1, "a");
    await send(2, "b");
    expect(await send(1, "a")).toMatchObject({ entries: [{ position: 1, duplicate: true, compared: true }] });
    expect(await codeOf(send(1, "x"))).toBe("sequence_conflict");
    expect(await codeOf(send(4, "d"))).toBe("sequence_gap");
    await world.broker.append(exe, "p", "out", [{ sequence: 1, payload: "other tab" }], { producer: "tab2" });
    expect(await readAll(world.broker)).toEqual(["a", "b", "other tab"]);
  });

  it("acknowledges a repeat of an entry that is not durable yet together with it", async () => {
    const world = createWorld();
    await createRunning(world);
    const send = (): Promise<unknown> => world.broker.append(exe, "p", "out", [{ sequence: 1, payload: "a" }], { producer: "t" });
    const [first, second] = await Promise.all([send(), send()]);
    expect(first).toMatchObject({ entries: [{ position: 1, duplicate: false }] });
    expect(second).toMatchObject({ entries: [{ position: 1, duplicate: true }] });
  });

  it("succeeds with a repeat after close, and tells what got in to one who is too late", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker } = world;
    const send = (sequence: number): Promise<unknown> => broker.append(exe, "p", "out", [{ sequence, payload: "x" }], { producer: "t" });
    await send(1);
    await broker.closeProcess(sub, "p", { status: "success" });
    expect(await send(1)).toMatchObject({ entries: [{ duplicate: true }] });
    const refusal = await send(2).catch((error: unknown) => error);
    expect(isChannelError(refusal, "process_closed") && refusal.details.lastSequence).toBe(1);
  });

  it("fences the replaced executor and an older life of the same identity", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker } = world;
    await broker.append(exe, "p", "out", inputs("old"), { term: 1 });
    const racing = Promise.allSettled(Array.from({ length: 50 }, (_, i) => broker.append(exe, "p", "out", inputs(`race ${i}`))));
    const { term } = await broker.assign(sub, "p", { executorId: "new" });
    const after = (await readAll(broker)).length;
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late")))).toBe("unauthorized");
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late"), { term: 1 }))).toBe("executor_fenced");
    const settled = await racing;
    expect(await readAll(broker)).toHaveLength(after);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(after - 1);
    const again = await broker.assign(sub, "p", { executorId: "new" });
    const young: Caller = { identity: "new", isAdmin: false };
    expect(await codeOf(broker.append(young, "p", "out", inputs("zombie"), { term }))).toBe("executor_fenced");
    await broker.append(young, "p", "out", inputs("alive"), { term: again.term });
  });

  it("ends the subscriptions of a replaced executor", async () => {
    const world = createWorld();
    await createRunning(world);
    const reader = await world.broker.subscribe(exe, "p", "out");
    await world.broker.assign(sub, "p", { executorId: "new" });
    expect(await reader.next()).toMatchObject({ kind: "end", reason: "revoked" });
  });

  it("lets in only whom the channel is for, and writes every refusal to the audit log", async () => {
    const world = createWorld();
    await createRunning(world, { writers: "executor" });
    expect(await codeOf(world.broker.append(sub, "p", "out", inputs("x")))).toBe("unauthorized");
    expect(await codeOf(world.broker.read(other, "p", "out"))).toBe("unauthorized");
    expect(await codeOf(world.broker.append({ identity: "", isAdmin: false }, "p", "out", inputs("x")))).toBe("unauthorized");
    expect(world.audit.map(({ identity, action, code }) => [identity, action, code])).toEqual([
      ["sub", "append", "unauthorized"], ["other", "read", "unauthorized"], ["", "append", "unauthorized"],
    ]);
  });

  it("lets nobody in by an executor id that is empty", async () => {
    const { broker } = createWorld();
    await broker.createProcess(sub, { id: "p", executorId: "", channels: [{ name: "out" }] });
    expect(await codeOf(broker.read({ identity: "", isAdmin: false }, "p", "out"))).toBe("unauthorized");
  });

  it("limits the rate per process and sender, and says when to come back", async () => {
    const world = createWorld({ entryBurst: 2, entriesPerSecond: 10 });
    await createRunning(world);
    await world.broker.append(exe, "p", "out", inputs("a", "b"));
    const refusal = await world.broker.append(exe, "p", "out", inputs("c")).catch((error: unknown) => error);
    expect(isChannelError(refusal, "rate_limit_exceeded") && refusal.details.retryAfterMs).toBe(100);
    await world.broker.append(sub, "p", "out", inputs("another sender"));
    world.clock.setWallTime(0);
    world.clock.advance(100);
    await world.broker.append(exe, "p", "out", inputs("c"));
  });

  it("trims the oldest where the channel asks for it; a reader behind gets the gap, then goes on", async () => {
    const world = createWorld();
    await createRunning(world, { whenFull: "trim", maxLogEntries: 4 });
    const reader = await world.broker.subscribe(sub, "p", "out", { after: "start" });
    await world.broker.append(exe, "p", "out", inputs("1"));
    expect(await reader.next()).toMatchObject({ kind: "entries" });
    for (let i = 2; i <= 10; i++) await world.broker.append(exe, "p", "out", inputs(String(i)));
    expect(await reader.next()).toMatchObject({ kind: "gap", reason: "trimmed", first: 7, cursor: { position: 6 } });
    const item = await reader.next();
    expect(item.kind === "entries" && item.entries.map(text)).toEqual(["7", "8", "9", "10"]);
    expect((await world.broker.read(sub, "p", "out", { after: 2 })).gap).toMatchObject({ reason: "trimmed", first: 7 });
    expect((await world.broker.read(sub, "p", "out", { after: 0 })).gap).toBeUndefined();
  });

  it("trims by bytes, keeps what was held under its limit, and refuses an entry that could never fit", async () => {
    const world = createWorld();
    await createRunning(world, { whenFull: "trim", maxLogBytes: 1_000 });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("x".repeat(1_000))))).toBe("message_too_large");
    for (let i = 0; i < 40; i++) {
      await world.broker.append(exe, "p", "out", inputs("x".repeat(i * 5)));
      const { keptBytes } = await world.broker.getChannel(sub, "p", "out");
      expect(keptBytes).toBeLessThanOrEqual(1_000);
      expect(keptBytes).toBe(world.store.keptBytes());
    }
    await world.broker.append(exe, "p", "out", inputs("y".repeat(936)));
    expect(await readAll(world.broker)).toEqual(["y".repeat(936)]);
  });

  it("answers a cursor beyond the end with the gap `ahead`", async () => {
    const world = createWorld();
    await createRunning(world);
    await world.broker.append(exe, "p", "out", inputs("a"));
    expect((await world.broker.read(sub, "p", "out", { after: 9 })).gap).toMatchObject({ reason: "ahead", cursor: { position: 1 } });
  });

  it("waits for an entry as long as it is told to, and no longer", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker, clock } = world;
    const waiting = broker.read(sub, "p", "out", { waitMs: 5_000 });
    await broker.append(exe, "p", "out", inputs("a"));
    expect((await waiting).entries.map(text)).toEqual(["a"]);
    const inVain = broker.read(sub, "p", "out", { after: 1, waitMs: 5_000 });
    while (clock.pendingTimers === 0) await Promise.resolve();
    clock.advance(5_000);
    expect((await inVain).entries).toEqual([]);
    const controller = new AbortController();
    const aborted = broker.read(sub, "p", "out", { after: 1, waitMs: 5_000, signal: controller.signal });
    controller.abort(new Error("left"));
    await expect(aborted).rejects.toThrow("left");
  });

  it("ends readers with `shutdown` and refuses new work when it closes", async () => {
    const world = createWorld();
    await createRunning(world);
    const reader = await world.broker.subscribe(sub, "p", "out");
    const pending = reader.next();
    const appended = world.broker.append(exe, "p", "out", inputs("in time"));
    await world.broker.close();
    expect((await appended).entries).toHaveLength(1);
    const item = await pending;
    expect(item.kind === "entries" ? await reader.next() : item).toMatchObject({ kind: "end", reason: "shutdown" });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("late")))).toBe("shutting_down");
  });

  it("keeps one budget for everything that waits for the store", async () => {
    const world = createWorld({ stagedBytesMax: 200 });
    await createRunning(world);
    const results = await Promise.all([1, 2, 3].map(() => codeOf(world.broker.append(exe, "p", "out", inputs("x".repeat(50))))));
    expect(results).toEqual(["none", "overloaded", "overloaded"]);
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("x".repeat(50))))).toBe("none");
  });

  it("remembers recent producers, forgets old ones beyond its limit, and says so", async () => {
    const world = createWorld({ keptProducersMax: 2, recentProducersMax: 4, producerAgeMs: 1_000 });
    await createRunning(world);
    const send = (producer: string, sequence: number): Promise<unknown> =>
      world.broker.append(exe, "p", "out", [{ sequence, payload: producer }], { producer });
    for (const producer of ["a", "b", "c", "d"]) await send(producer, 1);
    expect(await codeOf(send("e", 1))).toBe("too_many_producers");
    world.clock.advance(2_000);
    await send("e", 1);
    expect(await codeOf(send("a", 2))).toBe("producer_unknown");
    await send("e", 2);
  });
});
