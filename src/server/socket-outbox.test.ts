import { afterEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";
import { FakeClock } from "../testing/fake-clock.ts";

let world: ServerWorld;

afterEach(() => world[Symbol.asyncDispose]());

const count = 600;
const payload = "x".repeat(40_000);
const limits = { entriesPerSecond: 1e6, entryBurst: 1e6 };

/** A client that takes nothing of a channel of 24 MB, which the server has begun to send. */
async function openStalled(
  options: Parameters<typeof ServerWorld.create>[0],
): Promise<SocketClient> {
  world = await ServerWorld.create({ limits, ...options });
  await world.createProcess();
  for (let i = 0; i < count; i++) await world.append(payload);
  const client = await SocketClient.greeted(world, "binary", "sub");
  client.send({
    ...{ kind: "subscribe", id: 1, process: "p", channel: "out" },
    ...{ after: "start", credit: 1e12 },
  });
  await client.next("subscribed");
  client.socket.pause();
  return client;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const subscriptions = (): Promise<number> =>
  world.broker.subscriptionCount({ identity: "sub", isAdmin: false }, "p");

describe("a peer that takes nothing", () => {
  it("is sent no more than its socket takes, and closed with 4008", async () => {
    const clock = new FakeClock(Date.now());
    const client = await openStalled({ clock, stallMs: 8_000, heartbeatMs: 1e9 });
    // The stall is seen once the socket is full.
    for (let waited = 0; (await subscriptions()) > 0; waited++) {
      await turns();
      clock.advance(8_000);
      expect(waited).toBeLessThan(1_000);
    }
    client.socket.resume();
    expect(await client.closed()).toEqual([4008, "subscriber_too_slow"]);
    const entries = await client.entries(1, 1);
    expect(entries.length).toBeLessThan(count);
    expect(entries.map(({ position }) => position)).toEqual(entries.map((_, i) => i + 1));
  });

  it("that takes something after all gets everything", async () => {
    const client = await openStalled({ stallMs: 60_000 });
    await turns();
    client.socket.resume();
    expect(await client.entries(1, count)).toHaveLength(count);
  });

  it("delays a server that goes, and whoever comes meanwhile is told that it does", async () => {
    const clock = new FakeClock(Date.now());
    await openStalled({ clock, stallMs: 1e9, heartbeatMs: 1e9 });
    await turns();
    const closing = world.server.close();
    const late = await SocketClient.open(world.url, "json");
    expect(await late.closed()).toEqual([4001, "shutting_down"]);
    clock.advance(5_000);
    await closing;
  });

  it("is closed with 4033 where the server holds too much for all of them", async () => {
    const client = await openStalled({ serverLimits: { answerBytes: 50_000 } });
    while ((await subscriptions()) > 0) await turns();
    client.socket.resume();
    expect(await client.closed()).toEqual([4033, "overloaded"]);
  });
});

it("a peer that asks and does not listen is not read", async () => {
  world = await ServerWorld.create({});
  await world.createProcess();
  const client = await SocketClient.greeted(world, "json", "sub");
  client.socket.pause();
  const ask = { kind: "watch", process: "none" };
  for (let id = 1; id < 400_000; id += 1_000)
    client.send(...Array.from({ length: 1_000 }, (_, i) => ({ ...ask, id: id + i })));
  await turns();
  // 80 MB of answers are asked for; what is not read of the questions is with the client's system.
  expect(client.socket.bufferedAmount).toBeGreaterThan(1_000_000);
  client.socket.terminate();
});
