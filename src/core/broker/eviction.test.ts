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
  text,
} from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FaultyStore } from "../../testing/faulty-store.ts";
import { StoreRejection } from "../store.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";
import type { Caller } from "./caller.ts";

/** Another channel is used, so that the first one leaves where there is room for one only. */
async function useAnother(broker: Broker): Promise<void> {
  const id = `other-${randomId(8)}`;
  await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
  await broker.append(exe, id, "out", inputs("x".repeat(200)));
}

describe("a channel that left memory", () => {
  it("compares a repeat with what is stored, and takes it for no new entry", async () => {
    const { broker, faulty } = createFaulty({ openChannelsMax: 1 });
    await createRunning({ broker });
    const send = (sequence: number, payload: string): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence, payload }], { producer: "tab" });
    for (let n = 1; n <= 30; n++) await send(n, `entry ${n}`);
    await useAnother(broker);
    const readsBefore = faulty.count("readHead");
    for (const n of [30, 1, 17]) {
      expect(await send(n, `entry ${n}`)).toMatchObject({
        entries: [{ position: n, duplicate: true, compared: true }],
      });
      expect(await codeOf(send(n, "else"))).toBe("sequence_conflict");
      await useAnother(broker);
    }
    expect(faulty.count("readHead")).toBeGreaterThan(readsBefore + 2);
    await send(31, "entry 31");
    expect(await readAll(broker)).toHaveLength(31);
  });

  it("compares a repeat with the newest entries first, however large they are", async () => {
    const { broker } = createFaulty({ windowBytesMax: 0 });
    await createRunning({ broker });
    const send = (sequence: number): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence, payload: "x".repeat(700_000) }], {
        producer: "tab",
      });
    for (let n = 1; n <= 8; n++) await send(n);
    expect(await send(8)).toMatchObject({ entries: [{ position: 8, compared: true }] });
    expect(await send(1)).toMatchObject({ entries: [{ duplicate: true, compared: false }] });
  });

  it("keeps what a call was compared with until the rest of it was read", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 300 });
    await createRunning({ broker });
    const send = (...sequences: number[]): Promise<unknown> =>
      broker.append(
        exe,
        "p",
        "out",
        sequences.map((sequence) => ({ sequence, payload: "x" })),
        { producer: "tab" },
      );
    for (let n = 1; n <= 9; n++) await send(n);
    const hold = faulty.hold("readAfter");
    const repeated = send(4, 9);
    await hold.reached;
    await useAnother(broker);
    await useAnother(broker);
    hold.release();
    expect(await repeated).toMatchObject({
      entries: [
        { position: 4, compared: true },
        { position: 9, compared: true },
      ],
    });
  });

  it("sorts a late entry among those that are not handed over, and no further", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 0, openChannelsMax: 0 });
    await createRunning({ broker });
    const send = (sequence: number): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence, payload: String(sequence) }]);
    await send(10);
    const hold = faulty.hold("append");
    const sent = [send(20)];
    await hold.reached;
    sent.push(send(40), send(30), send(5));
    hold.release();
    await Promise.all(sent);
    expect(await readAll(broker)).toEqual(["10", "20", "5", "30", "40"]);
  });

  it("ends a reader as it was told to, also where what it was reading fails after that", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 0, pageBytesMax: 0 });
    await createRunning({ broker });
    await broker.append(exe, "p", "out", inputs("a"));
    const reader = await broker.subscribe(sub, "p", "out", { after: "start" });
    faulty.fail("readAfter", new StoreRejection("failed", "closed"));
    const hold = faulty.hold("readAfter");
    const item = reader.next();
    await hold.reached;
    await broker.close();
    hold.release();
    expect(await item).toMatchObject({ kind: "end", reason: "shutdown" });
  });

  it("still knows its term and its end", async () => {
    const { broker } = createFaulty({ openChannelsMax: 1, windowBytesMax: 0 });
    await createRunning({ broker });
    await broker.append(exe, "p", "out", inputs("old"), { term: 1 });
    await useAnother(broker);
    const { term } = await broker.assign(sub, "p", { executorId: "new" });
    await useAnother(broker);
    expect(await codeOf(broker.append(exe, "p", "out", inputs("late"), { term: 1 }))).toBe(
      "executor_fenced",
    );
    const young: Caller = { identity: "new", isAdmin: false };
    await broker.append(young, "p", "out", inputs("new"), { term });
    await broker.closeProcess(young, "p", { status: "success" });
    await useAnother(broker);
    expect(await codeOf(broker.append(young, "p", "out", inputs("late")))).toBe("process_closed");
    const result = await broker.read(sub, "p", "out");
    expect([result.entries.map(text), result.outcome]).toEqual([
      ["old", "new"],
      { status: "success" },
    ]);
  });

  it("is opened once for all who come while it opens, and stays until the last of them is done", async () => {
    const { broker, faulty } = createFaulty({ openChannelsMax: 0 });
    await createRunning({ broker });
    expect(broker.memoryUse().channels).toBe(0);
    const opening = faulty.hold("readHead");
    const writing = faulty.hold("append", { nth: 1 });
    const heads = faulty.count("readHead");
    const appends = ["a", "b"].map((payload) => broker.append(exe, "p", "out", inputs(payload)));
    await opening.reached;
    appends.push(broker.append(exe, "p", "out", inputs("c")));
    opening.release();
    await writing.reached;
    appends.push(broker.append(exe, "p", "out", inputs("d")));
    expect(faulty.count("readHead")).toBe(heads + 1);
    await useAnother(broker);
    expect(broker.memoryUse().channels).toBe(1);
    writing.release();
    await Promise.all(appends);
    expect(await readAll(broker)).toEqual(["a", "b", "c", "d"]);
    expect(broker.memoryUse().channels).toBe(0);
  });

  it("stays while a reader waits, and is closed once nobody used it for long", async () => {
    const { broker, clock } = createWorld({ openChannelsMax: 1, channelIdleMs: 10_000 });
    await broker.start();
    await createRunning({ broker });
    const reader = await broker.subscribe(sub, "p", "out");
    for (let n = 0; n < 5; n++) await useAnother(broker);
    await pass(clock, 20_000);
    expect(broker.memoryUse().channels).toBe(1);
    await broker.append(exe, "p", "out", inputs("x"));
    expect(await reader.next()).toMatchObject({ kind: "entries" });
    reader.close();
    expect(broker.memoryUse().channels).toBe(1);
    await pass(clock, 12_000);
    expect(broker.memoryUse().channels).toBe(0);
    await broker.close();
  });

  it("is asked for again after it could not be opened", async () => {
    const { broker, faulty } = createFaulty({ openChannelsMax: 0 });
    await createRunning({ broker });
    faulty.fail("readHead", new StoreRejection("unavailable", "test"));
    expect(await codeOf(broker.read(sub, "p", "out"))).toBe("unavailable");
    expect(broker.memoryUse().channels).toBe(0);
    await broker.append(exe, "p", "out", inputs("x"));
    expect(await readAll(broker)).toEqual(["x"]);
  });
});

describe("the windows of all channels", () => {
  it("share one budget: the channel that was not used for longest gives way", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 2_000, pageBytesMax: 0 });
    for (const id of ["a", "b", "c"]) {
      await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
      await broker.append(exe, id, "out", inputs("x".repeat(600)));
    }
    expect(broker.memoryUse().windowBytes).toBe(2 * 664 + 664);
    await readAll(broker, sub, "a");
    await broker.append(exe, "c", "out", inputs("x".repeat(600)));
    expect(broker.memoryUse().windowBytes).toBeLessThanOrEqual(2_000);
    const reads = faulty.count("readAfter");
    await readAll(broker, sub, "a");
    await readAll(broker, sub, "c");
    expect(faulty.count("readAfter")).toBe(reads);
    await readAll(broker, sub, "b");
    expect(faulty.count("readAfter")).toBe(reads + 1);
  });

  it("let a lagging reader go on in the store, and all at one place share a read", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 1_000, readEntriesMax: 50 });
    await createRunning({ broker });
    const readers = await Promise.all(
      Array.from({ length: 100 }, () => broker.subscribe(sub, "p", "out", { after: "start" })),
    );
    const sent = Array.from({ length: 200 }, (_, n) => String(n));
    for (const payload of sent) await broker.append(exe, "p", "out", inputs(payload));
    await broker.closeProcess(exe, "p", { status: "success" });
    const seen = await Promise.all(
      readers.map(async (reader) => {
        const texts: string[] = [];
        for await (const item of reader)
          if (item.kind === "entries") texts.push(...item.entries.map(text));
        return texts;
      }),
    );
    for (const texts of seen) expect(texts).toEqual(sent);
    expect(faulty.count("readAfter")).toBe(4);
    const { windowBytes, pageBytes } = broker.memoryUse();
    expect(windowBytes).toBeLessThanOrEqual(1_000);
    expect(pageBytes).toBeGreaterThan(0);
  });

  it("pin what is staged or under way, and nothing else", async () => {
    const { broker, faulty } = createFaulty({ windowBytesMax: 200 });
    await createRunning({ broker });
    await broker.append(exe, "p", "out", inputs("before"));
    const hold = faulty.hold("append");
    const first = broker.append(exe, "p", "out", inputs("under way"));
    await hold.reached;
    const second = broker.append(exe, "p", "out", inputs("staged"));
    expect(await readAll(broker)).toEqual(["before"]);
    expect(broker.memoryUse()).toMatchObject({ windowBytes: 70, stagedBytes: 2 * 64 + 15 });
    // Far more has to go than this channel could give.
    await broker.createProcess(sub, { id: "q", executorId: "exe", channels: [{ name: "out" }] });
    await broker.append(exe, "q", "out", inputs("x".repeat(5_000)));
    expect(broker.memoryUse()).toMatchObject({ windowBytes: 0, stagedBytes: 2 * 64 + 15 });
    hold.release();
    await Promise.all([first, second]);
    expect(await readAll(broker)).toEqual(["before", "under way", "staged"]);
  });

  it("are behind the store for a while, and a reader sees no more than what it may count on", async () => {
    const store = new MemoryStore();
    const faulty = new FaultyStore(store);
    const system = { clock: new FakeClock(), randomId };
    const elsewhere = new Broker({ store, system });
    const broker = new Broker({ store: faulty.store, limits: { windowBytesMax: 0 }, system });
    await createRunning({ broker });
    await broker.append(exe, "p", "out", inputs("first"));
    const reader = await broker.subscribe(sub, "p", "out", { after: "start" });
    const hold = faulty.hold("append");
    const own = broker.append(exe, "p", "out", inputs("own"));
    await hold.reached;
    await elsewhere.append(exe, "p", "out", inputs("foreign"));
    const item = await reader.next();
    expect(item.kind === "entries" && item.entries.map(text)).toEqual(["first"]);
    expect([reader.cursor.position, reader.lastPosition()]).toEqual([1, 1]);
    hold.release();
    await own;
    reader.close();
    expect(await readAll(broker)).toEqual(["first", "foreign", "own"]);
  });

  it("tell a reader of what was trimmed elsewhere, of which this broker has not heard", async () => {
    const store = new MemoryStore();
    const faulty = new FaultyStore(store);
    const system = { clock: new FakeClock(), randomId };
    const elsewhere = new Broker({ store, system });
    const broker = new Broker({ store: faulty.store, limits: { windowBytesMax: 0 }, system });
    await createRunning({ broker }, { whenFull: "trim", maxLogEntries: 4 });
    for (const payload of ["1", "2", "3", "4"])
      await broker.append(exe, "p", "out", inputs(payload));
    const reader = await broker.subscribe(sub, "p", "out", { after: "start" });
    const hold = faulty.hold("append");
    const own = broker.append(exe, "p", "out", inputs("own"));
    await hold.reached;
    await elsewhere.append(exe, "p", "out", inputs("5", "6"));
    const item = reader.next();
    hold.release();
    await own;
    expect(await item).toMatchObject({ kind: "gap", reason: "trimmed" });
    const rest = await reader.next();
    expect(rest.kind === "entries" && rest.entries.map(text).slice(-3)).toEqual(["5", "6", "own"]);
  });
});
