import { describe, expect, it } from "vitest";
import {
  codeOf,
  createRunning,
  memoryLimits,
  exe,
  inputs,
  other,
  pass,
  readAll,
  sub,
  text,
  worldsWithin,
} from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { isChannelError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { errorTextLengthMax } from "./entry-input.ts";

describe.each(memoryLimits)("Broker, append and read, $name", ({ limits }) => {
  const createWorld = worldsWithin(limits);

  it("acknowledges positions and a cursor, and numbers what comes without a sequence", async () => {
    const world = createWorld();
    await createRunning(world);
    const first = await world.broker.append(exe, "p", "out", inputs("a", "b"));
    const second = await world.broker.append(exe, "p", "out", inputs("c"));
    expect(first.entries.map(({ position, sequence }) => [position, sequence])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect([second.cursor.position, second.entries[0]?.sequence]).toEqual([3, 3]);
    expect(await readAll(world.broker)).toEqual(["a", "b", "c"]);
  });

  it("adds all of a call or nothing", async () => {
    const world = createWorld({ payloadBytesMax: 3 });
    await createRunning(world, { maxLogEntries: 2 });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("a", "toolong")))).toBe(
      "message_too_large",
    );
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("a", "b", "c")))).toBe(
      "channel_full",
    );
    await world.broker.append(exe, "p", "out", inputs("a"));
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("b", "c")))).toBe(
      "channel_full",
    );
    expect(await readAll(world.broker)).toEqual(["a"]);
  });

  it("refuses what one batch of the store cannot hold, with the store's limit", async () => {
    const batchBytesMax = 10_000;
    const world = createWorld({}, new MemoryStore({ batchBytesMax }));
    await createRunning(world);
    const { payloadBytesMax } = world.broker.limits;
    expect(payloadBytesMax).toBeLessThan(batchBytesMax);
    const error = "e".repeat(errorTextLengthMax);
    const largest = { payload: "x".repeat(payloadBytesMax), type: "error", error };
    await world.broker.append(exe, "p", "out", [largest]);
    const [tooLarge, tooMany] = ["x".repeat(payloadBytesMax + 1), "x".repeat(batchBytesMax / 2)];
    await expect(world.broker.append(exe, "p", "out", inputs(tooLarge))).rejects.toMatchObject({
      code: "message_too_large",
      details: { limitBytes: payloadBytesMax },
    });
    const two = world.broker.append(exe, "p", "out", inputs(tooMany, tooMany));
    await expect(two).rejects.toMatchObject({
      code: "batch_too_large",
      details: { limit: "bytes", limitValue: batchBytesMax },
    });
  });

  it("takes a producer's sequences consecutively, repeats harmlessly, and refuses gaps and other content", async () => {
    const world = createWorld();
    await createRunning(world);
    const send = (sequence: number, payload: string): Promise<unknown> =>
      world.broker.append(exe, "p", "out", [{ sequence, payload }], { producer: "tab1" });
    expect(await codeOf(send(2, "b"))).toBe("sequence_gap");
    await send(1, "a");
    await send(2, "b");
    expect(await send(1, "a")).toMatchObject({
      entries: [{ position: 1, duplicate: true, compared: true }],
    });
    expect(await codeOf(send(1, "x"))).toBe("sequence_conflict");
    expect(await codeOf(send(4, "d"))).toBe("sequence_gap");
    await world.broker.append(exe, "p", "out", [{ sequence: 1, payload: "other tab" }], {
      producer: "tab2",
    });
    expect(await readAll(world.broker)).toEqual(["a", "b", "other tab"]);
  });

  it("acknowledges a repeat of an entry that is not durable yet together with it", async () => {
    const world = createWorld();
    await createRunning(world);
    const send = (): Promise<unknown> =>
      world.broker.append(exe, "p", "out", [{ sequence: 1, payload: "a" }], { producer: "t" });
    const [first, second] = await Promise.all([send(), send()]);
    expect(first).toMatchObject({ entries: [{ position: 1, duplicate: false }] });
    expect(second).toMatchObject({ entries: [{ position: 1, duplicate: true }] });
  });

  it("succeeds with a repeat after close, and tells what got in to one who is too late", async () => {
    const world = createWorld();
    await createRunning(world);
    const { broker } = world;
    const send = (sequence: number): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence, payload: "x" }], { producer: "t" });
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
    const racing = Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => broker.append(exe, "p", "out", inputs(`race ${i}`))),
    );
    const { term } = await broker.assign(sub, "p", { executorId: "new" });
    const after = (await readAll(broker)).length;
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late")))).toBe("unauthorized");
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late"), { term: 1 }))).toBe(
      "executor_fenced",
    );
    const settled = await racing;
    expect(await readAll(broker)).toHaveLength(after);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(after - 1);
    const again = await broker.assign(sub, "p", { executorId: "new" });
    const young: Caller = { identity: "new", isAdmin: false };
    expect(await codeOf(broker.append(young, "p", "out", inputs("zombie"), { term }))).toBe(
      "executor_fenced",
    );
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
    expect(
      await codeOf(world.broker.append({ identity: "", isAdmin: false }, "p", "out", inputs("x"))),
    ).toBe("unauthorized");
    expect(world.audit.map(({ identity, action, code }) => [identity, action, code])).toEqual([
      ["sub", "append", "unauthorized"],
      ["other", "read", "unauthorized"],
      ["", "append", "unauthorized"],
    ]);
  });

  it("lets nobody in by an executor id that is empty", async () => {
    const { broker } = createWorld();
    await broker.createProcess(sub, { id: "p", executorId: "", channels: [{ name: "out" }] });
    expect(await codeOf(broker.read({ identity: "", isAdmin: false }, "p", "out"))).toBe(
      "unauthorized",
    );
  });

  it("limits the rate per process and sender, and says when to come back", async () => {
    const world = createWorld({ entryBurst: 2, entriesPerSecond: 10 });
    await createRunning(world);
    await world.broker.append(exe, "p", "out", inputs("a", "b"));
    const refusal = await world.broker
      .append(exe, "p", "out", inputs("c"))
      .catch((error: unknown) => error);
    expect(isChannelError(refusal, "rate_limit_exceeded") && refusal.details.retryAfterMs).toBe(
      100,
    );
    await world.broker.append(sub, "p", "out", inputs("another sender"));
    world.clock.setWallTime(0);
    world.clock.advance(100);
    await world.broker.append(exe, "p", "out", inputs("c"));
  });

  it("holds a sender to its rate until it has rested", async () => {
    const { broker, clock } = createWorld({ entryBurst: 20, entriesPerSecond: 5 });
    await broker.start();
    await createRunning({ broker });
    const send = (count: number): Promise<string> =>
      codeOf(broker.append(exe, "p", "out", inputs(...Array.from({ length: count }, String))));
    expect(await send(20)).toBe("none");
    await pass(clock, 3_000);
    expect([await send(16), await send(15)]).toEqual(["rate_limit_exceeded", "none"]);
    await pass(clock, 4_000);
    expect([await send(21), await send(20)]).toEqual(["rate_limit_exceeded", "none"]);
    await broker.close();
  });

  it("trims the oldest where the channel asks for it; a reader behind gets the gap, then goes on", async () => {
    const world = createWorld();
    await createRunning(world, { whenFull: "trim", maxLogEntries: 4 });
    const reader = await world.broker.subscribe(sub, "p", "out", { after: "start" });
    await world.broker.append(exe, "p", "out", inputs("1"));
    expect(await reader.next()).toMatchObject({ kind: "entries" });
    for (let i = 2; i <= 10; i++) await world.broker.append(exe, "p", "out", inputs(String(i)));
    expect(await reader.next()).toMatchObject({
      kind: "gap",
      reason: "trimmed",
      first: 7,
      cursor: { position: 6 },
    });
    const item = await reader.next();
    expect(item.kind === "entries" && item.entries.map(text)).toEqual(["7", "8", "9", "10"]);
    expect((await world.broker.read(sub, "p", "out", { after: 2 })).gap).toMatchObject({
      reason: "trimmed",
      first: 7,
    });
    expect((await world.broker.read(sub, "p", "out", { after: 0 })).gap).toBeUndefined();
  });

  it("trims by bytes, keeps what was held under its limit, and refuses an entry that could never fit", async () => {
    const world = createWorld();
    await createRunning(world, { whenFull: "trim", maxLogBytes: 1_000 });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("x".repeat(1_000))))).toBe(
      "message_too_large",
    );
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
    expect((await world.broker.read(sub, "p", "out", { after: 9 })).gap).toMatchObject({
      reason: "ahead",
      cursor: { position: 1 },
    });
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
    const aborted = broker.read(sub, "p", "out", {
      after: 1,
      waitMs: 5_000,
      signal: controller.signal,
    });
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
    expect(item.kind === "entries" ? await reader.next() : item).toMatchObject({
      kind: "end",
      reason: "shutdown",
    });
    expect(await codeOf(world.broker.append(exe, "p", "out", inputs("late")))).toBe(
      "shutting_down",
    );
  });

  it("keeps one budget for everything that waits for the store", async () => {
    const world = createWorld({ stagedBytesMax: 200 });
    await createRunning(world);
    const results = await Promise.all(
      [1, 2, 3].map(() => codeOf(world.broker.append(exe, "p", "out", inputs("x".repeat(50))))),
    );
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
