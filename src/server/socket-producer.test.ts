import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";
import type { SentMessage } from "../../test/socket-client.ts";
import type { AckRun } from "../protocol/socket-message.ts";

let world: ServerWorld;
let client: SocketClient;

const limits = { payloadBytesMax: 10_000 };

async function open(options: Parameters<typeof ServerWorld.create>[0] = {}): Promise<void> {
  world = await ServerWorld.create({ limits, ...options });
  await world.createProcess();
}

beforeEach(() => open());

afterEach(() => world[Symbol.asyncDispose]());

const entry = (sequence: number, text = `m${sequence}`): { sequence: number; payload: Buffer } => ({
  sequence,
  payload: Buffer.from(text),
});

const append = (id: number, ...sequences: readonly number[]): SentMessage => ({
  kind: "append",
  id,
  entries: sequences.map((sequence) => entry(sequence)),
});

const produce = (id: number, fields: object = {}): SentMessage => ({
  ...{ kind: "produce", id, process: "p", channel: "out", producer: `w${id}` },
  ...fields,
});

/** What is in the channel, read by another way. */
async function stored(): Promise<string[]> {
  const response = await world.request("sub", "GET", "/v1/processes/p/channels/out/entries");
  const { entries } = (await response.json()) as { entries: { payload: string }[] };
  return entries.map(({ payload }) => Buffer.from(payload, "base64").toString());
}

/** Sequences that were acknowledged or refused so far, in the order in which that was told. */
function answered(id: number): [sequence: number, how: string][] {
  return client.received.flatMap((message) => {
    if (message.kind === "refused" && message.id === id)
      return [[message.sequence, message.error.code] as [number, string]];
    if (message.kind !== "ack" || message.id !== id) return [];
    return message.runs.flatMap(([sequence, , count]: AckRun) =>
      Array.from({ length: count }, (_, i) => [sequence + i, "ack"] as [number, string]),
    );
  });
}

async function untilAnswered(id: number, count: number): Promise<[number, string][]> {
  await client.until(() => answered(id).length >= count);
  return answered(id);
}

describe.each(["json", "binary"] as const)("a producer of the %s form", (form) => {
  beforeEach(async () => {
    client = await SocketClient.greeted(world, form, "exe");
  });

  it("is told in runs what is durable", async () => {
    client.send(produce(1), append(1, 1, 2, 3), append(1, 4), append(1, 5, 6));
    await untilAnswered(1, 6);
    const runs = client.received.flatMap((message) => (message.kind === "ack" ? message.runs : []));
    expect(runs).toEqual([[1, 1, 6]]);
    expect(await stored()).toEqual(["m1", "m2", "m3", "m4", "m5", "m6"]);
  });

  it("is told of repeats that they were there already, and adds nothing", async () => {
    client.send(produce(1), append(1, 1, 2), append(1, 1, 2, 3), append(1, 2));
    await untilAnswered(1, 6);
    const runs = client.received.flatMap((message) => (message.kind === "ack" ? message.runs : []));
    expect(runs).toEqual([
      [1, 1, 2],
      [1, 1, 2, 1],
      [3, 3, 1],
      [2, 2, 1, 1],
    ]);
    expect(await stored()).toEqual(["m1", "m2", "m3"]);
  });

  it("is refused in the order of its appends, and those behind a refused one too", async () => {
    client.send(
      produce(1),
      append(1, 1),
      { kind: "append", id: 1, entries: [entry(2, "x".repeat(10_001))] },
      append(1, 3),
      append(1, 4, 5),
      { kind: "append", id: 1, entries: [entry(1, "other")] },
      append(1, 2),
    );
    await client.until(() => answered(1).length >= 6);
    expect(answered(1)).toEqual([
      [1, "ack"],
      [2, "message_too_large"],
      [3, "sequence_gap"],
      [4, "sequence_gap"],
      [1, "sequence_conflict"],
      [2, "ack"],
    ]);
    const refused = client.received.filter((message) => message.kind === "refused");
    expect(refused[2]).toMatchObject({
      count: 2,
      error: { retryable: true, details: { expectedSequence: 2, actualSequence: 4 } },
    });
    expect(await stored()).toEqual(["m1", "m2"]);
  });

  it("keeps its order and adds once what is sent again over a second connection", async () => {
    const count = 500;
    client.send(produce(1, { producer: "w" }));
    for (let sequence = 1; sequence <= count; sequence++) client.send(append(1, sequence));
    await client.until(() => answered(1).length >= 50);
    client.socket.terminate();
    await client.closed();
    client = await SocketClient.greeted(world, form, "exe");
    client.send(produce(9, { producer: "w" }));
    for (let sequence = 1; sequence <= count; sequence++) client.send(append(9, sequence));
    expect(await untilAnswered(9, count)).toEqual(
      Array.from({ length: count }, (_, i) => [i + 1, "ack"]),
    );
    expect(await stored()).toEqual(Array.from({ length: count }, (_, i) => `m${i + 1}`));
  });

  it("carries every field, and payloads that are not text", async () => {
    const payload = Uint8Array.from([0, 255, 10, 13]);
    const fields = { inreplyto: 7, replyto: 3, type: "error", error: "grüße" };
    client.send(
      produce(1),
      { kind: "append", id: 1, entries: [{ sequence: 1, payload, ...fields }, { sequence: 2 }] },
      { kind: "subscribe", id: 2, process: "p", channel: "out", after: "start", credit: 1_000 },
    );
    const [first, second] = await client.entries(2, 2);
    expect(first).toMatchObject({
      ...{ inReplyTo: 7, replyTo: 3, type: "error", error: "grüße" },
      ...{ producer: "w1", senderId: "exe", sequence: 1 },
    });
    expect(second).toMatchObject({ sequence: 2, type: "data", error: "" });
    expect([...(first?.payload ?? [])]).toEqual([...payload]);
    expect([...(second?.payload ?? [])]).toEqual([]);
  });

  it("of nothing that is there, or that it may not write, is refused by name", async () => {
    client.send(
      ...[produce(1, { process: "q" }), append(1, 1)],
      ...[produce(2, { channel: "x" }), append(2, 1)],
      ...[produce(3, { term: 77 }), append(3, 1)],
      ...[produce(4, { producer: "no id" }), append(4, 1)],
      ...[produce(5), append(5, 1)],
    );
    const codes = [];
    for (let id = 1; id <= 5; id++) codes.push((await untilAnswered(id, 1))[0]?.[1]);
    expect(codes).toEqual([
      "process_not_found",
      "channel_not_found",
      "executor_fenced",
      "invalid_argument",
      "ack",
    ]);
  });

  it("that is ended gets its answers, and makes room for another", async () => {
    client.send(produce(1), append(1, 1), append(1, 2), { kind: "unsubscribe", id: 1 });
    expect(await untilAnswered(1, 2)).toEqual([
      [1, "ack"],
      [2, "ack"],
    ]);
    client.send(append(1, 3), { kind: "ping" });
    await client.next("pong");
    expect(answered(1)).toHaveLength(2);
  });
});

it("more producers than a connection may have are refused at their appends", async () => {
  await world[Symbol.asyncDispose]();
  await open({ serverLimits: { subscriptionsPerSocket: 1 } });
  client = await SocketClient.greeted(world, "json", "exe");
  client.send(produce(1), produce(2), append(2, 1), append(1, 1));
  expect((await untilAnswered(2, 1))[0]).toEqual([1, "overloaded"]);
  expect((await untilAnswered(1, 1))[0]).toEqual([1, "ack"]);
  client.send({ kind: "unsubscribe", id: 1 }, produce(3), append(3, 1));
  expect((await untilAnswered(3, 1))[0]).toEqual([1, "ack"]);
});

it("a connection is not read while too much of it is not answered", async () => {
  await world[Symbol.asyncDispose]();
  await open({ serverLimits: { unsettledBytesPerSocket: 20_000 } });
  client = await SocketClient.greeted(world, "binary", "exe");
  client.send(produce(1));
  let calls = 0;
  let most = 0;
  const { broker } = world;
  const appending = broker.append.bind(broker);
  broker.append = async (...call) => {
    most = Math.max(most, ++calls);
    try {
      return await appending(...call);
    } finally {
      calls -= 1;
    }
  };
  const payload = Buffer.alloc(9_000);
  for (let sequence = 1; sequence <= 300; sequence++)
    client.send({ kind: "append", id: 1, entries: [{ sequence, payload }] });
  expect(await untilAnswered(1, 300)).toHaveLength(300);
  // What was read of the socket together is all taken: 64 KiB.
  expect(most).toBeLessThan(15);
});
