import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";

let world: ServerWorld;
let client: SocketClient;

const range = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `m${from + i}`);

/** A process `p` with these channels. */
async function createProcess(...channels: readonly object[]): Promise<void> {
  const json = { id: "p", executorid: "exe", channels };
  await world.request("sub", "POST", "/v1/processes", { json });
}

const gapsOf = (id: number): object[] =>
  client.received.filter((message) => message.kind === "gap" && message.id === id);

async function append(channel: string, texts: readonly string[]): Promise<void> {
  const entries = texts.map((text) => ({ payload: Buffer.from(text).toString("base64") }));
  const path = `/v1/processes/p/channels/${channel}/entries/batch`;
  const response = await world.request("exe", "POST", path, { json: { entries } });
  expect(response.status).toBe(201);
}

beforeEach(async () => {
  world = await ServerWorld.create();
});

afterEach(() => world[Symbol.asyncDispose]());

describe.each(["json", "binary"] as const)("a subscription of the %s form", (form) => {
  const greet = async (): Promise<void> => {
    client = await SocketClient.greeted(world, form, "sub");
  };
  const subscribe = (id: number, fields: object = {}): void =>
    client.send({
      ...{ kind: "subscribe", id, process: "p", channel: "out", after: "start", credit: 1e6 },
      ...fields,
    });

  it("reads what is there, says that this is all, and goes on with what comes", async () => {
    await createProcess({ name: "out" });
    await append("out", range(600));
    await greet();
    subscribe(1, { after: "last:599" });
    const { cursor } = await client.next("subscribed");
    expect(cursor).toMatch(/\.1$/);
    expect(await client.next("head")).toEqual({ kind: "head", id: 1, last: 600 });
    await append("out", range(1, 601));
    expect(await client.texts(1, 600)).toEqual(range(600, 2));
    const entries = await client.entries(1, 600);
    expect(entries.map(({ position }) => position)).toEqual(
      Array.from({ length: 600 }, (_, i) => i + 2),
    );
    expect(entries[0]).toMatchObject({ sequence: 2, senderId: "exe", type: "data" });
  });

  it("gets no more than its credit, and the one that goes over it", async () => {
    await createProcess({ name: "out" });
    await append("out", range(9));
    await greet();
    // Each costs 66: the second goes over it.
    subscribe(1, { credit: 100 });
    expect(await client.texts(1, 2)).toEqual(range(2));
    client.send({ kind: "credit", id: 1, bytes: 32 });
    client.send({ kind: "ping" });
    await client.next("pong");
    expect(await client.texts(1, 0)).toEqual(range(2));
    client.send({ kind: "credit", id: 1, bytes: 1 });
    expect(await client.texts(1, 3)).toEqual(range(3));
    client.send({ kind: "credit", id: 1, bytes: 1_000 });
    expect(await client.texts(1, 9)).toEqual(range(9));
  });

  it("without credit delays no other on the same connection", async () => {
    await createProcess({ name: "slow" }, { name: "fast" });
    await greet();
    subscribe(1, { channel: "slow", credit: 0 });
    subscribe(2, { channel: "fast", credit: 1e9 });
    for (let round = 0; round < 20; round++) {
      await append("slow", range(100, round * 100 + 1));
      await append("fast", range(100, round * 100 + 1));
    }
    expect(await client.texts(2, 2_000)).toEqual(range(2_000));
    expect(await client.texts(1, 0)).toEqual([]);
    client.send({ kind: "credit", id: 1, bytes: 1e9 });
    expect(await client.texts(1, 2_000)).toEqual(range(2_000));
  });

  it("takes turns with others", async () => {
    const names = ["a", "b", "c"];
    await createProcess(...names.map((name) => ({ name })));
    for (const name of names) for (let i = 0; i < 5; i++) await append(name, range(1_000));
    await greet();
    for (const [at, channel] of names.entries()) subscribe(at + 1, { channel, credit: 1e9 });
    for (const id of [1, 2, 3]) await client.texts(id, 5_000);
    const order = client.received.flatMap((message) =>
      message.kind === "entries" ? [message.id] : [],
    );
    // None is done before each other has got at least half of its own.
    for (const id of [1, 2, 3]) {
      const before = order.slice(0, order.lastIndexOf(id));
      for (const other of [1, 2, 3]) {
        const whole = order.filter((one) => one === other).length;
        expect(before.filter((one) => one === other).length).toBeGreaterThan(whole / 2);
      }
    }
  });

  it("gathers what comes together, in frames of about 64 KiB", async () => {
    await createProcess({ name: "out" });
    for (let i = 0; i < 10; i++)
      await append("out", Array(100).fill("x".repeat(1_000)) as string[]);
    await append("out", ["y".repeat(200_000)]);
    await greet();
    subscribe(1, { credit: 1e9 });
    await client.entries(1, 1_001);
    const lengths = [...client.frameLengths].sort((a, b) => b - a);
    expect(lengths[0]).toBeGreaterThan(200_000);
    expect(lengths[1]).toBeLessThanOrEqual(80_000);
    expect(lengths.length).toBeLessThan(60);
  });

  it("meets a gap without having credit, and goes on behind it", async () => {
    await createProcess({ name: "out", whenfull: "trim", maxlogentries: 8 });
    await greet();
    subscribe(1, { credit: 0 });
    await client.next("subscribed");
    for (let i = 0; i < 5; i++) await append("out", range(8, i * 8 + 1));
    const gap = await client.next("gap");
    expect(gap).toMatchObject({ id: 1, reason: "trimmed" });
    client.send({ kind: "credit", id: 1, bytes: 1e6 });
    const [first] = await client.entries(1, 1);
    expect(first?.position).toBeGreaterThanOrEqual(gap.first);
    subscribe(2, { after: "other.3" });
    await client.until(() => gapsOf(2).length > 0);
    expect(gapsOf(2)).toMatchObject([{ reason: "epoch" }]);
  });

  it("ends behind the last entry, without credit when there is none left to read", async () => {
    await createProcess({ name: "out" });
    await append("out", range(1));
    await greet();
    subscribe(1, { credit: 66 });
    subscribe(2, { credit: 0 });
    await client.texts(1, 1);
    const json = { outcome: { status: "failed", error: "x", exitcode: 3 } };
    await world.request("exe", "POST", "/v1/processes/p/close", { json });
    const outcome = json.outcome;
    expect(await client.next("end")).toMatchObject({ id: 1, reason: "closed", outcome });
    client.send({ kind: "credit", id: 2, bytes: 66 });
    const end = await client.next("end");
    expect(end).toMatchObject({ id: 2, reason: "closed" });
    expect(end.cursor).toMatch(/\.1$/);
    expect(client.received.filter(({ kind }) => kind === "end")).toHaveLength(2);
  });

  it("ends at once when its process is deleted", async () => {
    await createProcess({ name: "out" });
    await greet();
    subscribe(1, { credit: 0 });
    await client.next("subscribed");
    await world.request("sub", "DELETE", "/v1/processes/p");
    expect(await client.next("end")).toMatchObject({ id: 1, reason: "deleted" });
  });

  it("that cannot be had ends alone, with the error", async () => {
    await createProcess({ name: "out" });
    await greet();
    const places = [{ process: "q" }, { channel: "x" }, { after: "last:x" }];
    for (const [at, place] of places.entries()) subscribe(at + 1, place);
    const ends = [await client.next("end"), await client.next("end"), await client.next("end")];
    expect(ends.map(({ id, reason, error }) => [id, reason, error?.code]).sort()).toEqual([
      [1, "failed", "process_not_found"],
      [2, "failed", "channel_not_found"],
      [3, "failed", "invalid_argument"],
    ]);
    subscribe(4);
    expect(await client.next("subscribed")).toMatchObject({ id: 4 });
  });

  it("that is left is told nothing more, and what crosses it is ignored", async () => {
    await createProcess({ name: "out" });
    await greet();
    subscribe(1);
    await client.next("head");
    client.send({ kind: "unsubscribe", id: 1 }, { kind: "credit", id: 1, bytes: 5 });
    client.send({ kind: "unsubscribe", id: 1 });
    subscribe(2);
    client.send({ kind: "unsubscribe", id: 2 });
    subscribe(3);
    await append("out", range(1));
    expect(await client.texts(3, 1)).toEqual(range(1));
    expect(await client.texts(1, 0)).toEqual([]);
    const caller = { identity: "sub", isAdmin: false };
    expect(await world.broker.subscriptionCount(caller, "p")).toBe(1);
    client.socket.terminate();
    while ((await world.broker.subscriptionCount(caller, "p")) > 0)
      await new Promise((resolve) => setImmediate(resolve));
  });

  it("reads what memory does not hold any more", async () => {
    await world[Symbol.asyncDispose]();
    world = await ServerWorld.create({ limits: { windowBytesMax: 1, pageBytesMax: 1 } });
    await createProcess({ name: "out" }, { name: "other" });
    for (let i = 0; i < 3; i++) await append("out", range(1_000, i * 1_000 + 1));
    await append("other", range(1));
    await greet();
    for (let id = 1; id <= 10; id++) subscribe(id, { credit: 1e9 });
    for (let id = 1; id <= 10; id++) expect(await client.texts(id, 3_000)).toEqual(range(3_000));
  });
});

it("more subscriptions and watches than a connection may have are refused, others go on", async () => {
  await world[Symbol.asyncDispose]();
  world = await ServerWorld.create({ serverLimits: { subscriptionsPerSocket: 2 } });
  await createProcess({ name: "out" });
  client = await SocketClient.greeted(world, "json", "sub");
  const place = { process: "p", channel: "out", after: "start", credit: 1_000 };
  for (let id = 1; id <= 3; id++) client.send({ kind: "subscribe", id, ...place });
  for (let id = 4; id <= 6; id++) client.send({ kind: "watch", id });
  const refused = [await client.next("end"), await client.next("end")];
  expect(
    refused.map(({ id, reason, error }) => [id, reason, error?.code, error?.retryable]),
  ).toEqual([
    [3, "failed", "overloaded", true],
    [6, "failed", "overloaded", true],
  ]);
  client.send({ kind: "unsubscribe", id: 1 }, { kind: "subscribe", id: 7, ...place });
  await append("out", range(1));
  expect(await client.texts(2, 1)).toEqual(range(1));
  expect(await client.texts(7, 1)).toEqual(range(1));
});
