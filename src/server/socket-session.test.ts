import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";
import { ChannelError } from "../core/errors.ts";
import { FakeClock } from "../testing/fake-clock.ts";

let world: ServerWorld;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
  world = await ServerWorld.create({ clock, limits: { payloadBytesMax: 1_000 } });
  await world.createProcess();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await world[Symbol.asyncDispose]();
});

/** Seconds from now on the server's clock, as a claim. */
function expiry(seconds = 600): { exp: number } {
  return { exp: clock.now() / 1000 + seconds };
}

async function share(): Promise<{ readonly id: string; readonly grant: string }> {
  const json = { ops: ["read", "append"], expiresin: 10 };
  const response = await world.request("sub", "POST", "/v1/processes/p/grants", { json });
  return (await response.json()) as { id: string; grant: string };
}

describe.each(["json", "binary"] as const)("a session of the %s form", (form) => {
  const open = (): Promise<SocketClient> => SocketClient.open(world.url, form);
  const greet = (seconds?: number): Promise<SocketClient> =>
    SocketClient.greeted(world, form, "sub", expiry(seconds));
  const subscribe = { kind: "subscribe", process: "p", channel: "out", credit: 1_000 };

  it("welcomes whoever says hello, and does what was sent behind it", async () => {
    const client = await open();
    const token = await world.token("sub", expiry());
    client.send({ kind: "hello", token });
    client.send({ ...subscribe, id: 1, after: "start" });
    expect(await client.next("subscribed")).toMatchObject({ id: 1, last: 0 });
    expect(client.received[0]).toEqual({
      kind: "welcome",
      version: 1,
      identity: "sub",
      expiresat: new Date(clock.now() + 600_000).toISOString(),
      heartbeatms: 15_000,
      limits: {
        framebytes: 1_049_912,
        payloadbytes: 1_000,
        batchentries: 10_000,
        unsettledbytes: 8_388_608,
        subscriptions: 1_000,
      },
    });
  });

  it("lets the holder of a grant in until it expires or is revoked", async () => {
    const [first, second] = [await share(), await share()];
    const clients = await Promise.all(
      [first, second].map(async ({ grant }) => {
        const client = await open();
        client.send({ kind: "hello", token: grant }, { ...subscribe, id: 1, after: "now" });
        await client.next("head");
        return client;
      }),
    );
    await world.request("sub", "DELETE", `/v1/processes/p/grants/${first.id}`);
    expect(await clients[0]?.next("end")).toMatchObject({ id: 1, reason: "revoked" });
    clients[0]?.send(
      { kind: "produce", id: 2, process: "p", channel: "out", producer: "w" },
      { kind: "append", id: 2, entries: [{ sequence: 1 }] },
    );
    expect(await clients[0]?.next("refused")).toMatchObject({ error: { code: "unauthorized" } });
    clock.advance(10_000);
    expect(await clients[1]?.closed()).toEqual([4502, "token_expired"]);
  });

  it("takes another token of the same identity, and subscriptions go on", async () => {
    const client = await greet(10);
    client.send({ ...subscribe, id: 1, after: "start" });
    await client.next("head");
    client.send({ kind: "token", token: await world.token("sub", expiry(30)) });
    expect(await client.next("token")).toEqual({
      kind: "token",
      expiresat: new Date(clock.now() + 30_000).toISOString(),
    });
    clock.advance(20_000);
    await world.append("a");
    expect(await client.texts(1, 1)).toEqual(["a"]);
    clock.advance(10_000);
    expect(await client.closed()).toEqual([4502, "token_expired"]);
  });

  it("asks a silent client for a sign of life, tells where its channels stand, and gives it up", async () => {
    const client = await greet();
    client.send({ ...subscribe, id: 1, after: "start" });
    await client.next("head");
    clock.advance(15_000);
    await client.next("ping");
    expect(await client.next("head")).toEqual({ kind: "head", id: 1, last: 0 });
    client.send({ kind: "pong" }, { kind: "ping" });
    await client.next("pong");
    clock.advance(30_000);
    await client.next("ping");
    clock.advance(15_000);
    expect(await client.closed()).toEqual([4037, "request_timeout"]);
  });

  it("has a timer of its own only where its token expires before its next heartbeat", async () => {
    await greet();
    const shared = clock.pendingTimers;
    await Promise.all([greet(16), greet(16)]);
    expect(clock.pendingTimers).toBe(shared);
    await greet(15);
    expect(clock.pendingTimers).toBe(shared + 1);
  });

  it("is closed with its next heartbeat where wall time has jumped beyond its token", async () => {
    const client = await greet();
    clock.setWallTime(clock.now() + 600_000);
    clock.advance(15_000);
    expect(await client.closed()).toEqual([4502, "token_expired"]);
  });

  it("is closed without a hello in time", async () => {
    const client = await open();
    clock.advance(4_999);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    clock.advance(1);
    expect(await client.closed()).toEqual([4037, "request_timeout"]);
  });

  it.each([
    ["no hello first", [{ kind: "ping" }]],
    ["an unknown kind", [{ kind: "hello", token: "x", grant: "y" }]],
  ])("is closed for %s", async (_what, messages) => {
    const client = await open();
    client.send(...messages);
    expect(await client.closed()).toEqual([4500, "invalid_argument"]);
  });

  it.each<[string, { kind: string; [field: string]: unknown }]>([
    ["a second hello", { kind: "hello", token: "x" }],
    ["an unknown kind", { kind: "constructor" }],
    ["an unknown field", { kind: "ping", at: 1 }],
    ["a missing field", { kind: "credit", id: 1 }],
    ["a credit that is none", { ...subscribe, id: 1, after: "now", credit: -1 }],
    ["an id that is none", { kind: "unsubscribe", id: 0 }],
    ["an id that never began", { kind: "unsubscribe", id: 7 }],
    ["a name of any length", { kind: "watch", id: 1, process: "x".repeat(301) }],
    ["an append without entries", { kind: "append", id: 1, entries: [] }],
    ["an unknown field of an entry", { kind: "append", id: 1, entries: [{ sequence: 1, x: 1 }] }],
    ["an entry without a sequence", { kind: "append", id: 1, entries: [{}] }],
  ])("is closed for %s", async (_what, message) => {
    const client = await greet();
    client.send(message);
    expect(await client.closed()).toEqual([4500, "invalid_argument"]);
  });

  it("is closed for an id that was used, also if it has ended", async () => {
    for (const between of [[], [{ kind: "unsubscribe", id: 1 }]]) {
      const client = await greet();
      const message = { ...subscribe, id: 1, after: "now" };
      client.send(message, ...between, message);
      expect(await client.closed()).toEqual([4500, "invalid_argument"]);
    }
  });

  it("is closed for a message that its id is not for", async () => {
    const produce = { kind: "produce", id: 1, process: "p", channel: "out", producer: "w" };
    const wrong = [
      [produce, { kind: "credit", id: 1, bytes: 1 }],
      [
        { ...subscribe, id: 1, after: "now" },
        { kind: "append", id: 1, entries: [{ sequence: 1 }] },
      ],
    ];
    for (const messages of wrong) {
      const client = await greet();
      client.send(...messages);
      expect(await client.closed()).toEqual([4500, "invalid_argument"]);
    }
  });

  it("is closed for a frame that is none, or of the other form", async () => {
    for (const data of [
      "[",
      "[1]",
      Buffer.from([1, 2, 3]),
      form === "json" ? Buffer.alloc(4) : "[]",
    ]) {
      const client = await greet();
      client.socket.send(data);
      expect(await client.closed()).toEqual([4500, "invalid_argument"]);
    }
  });

  it("is closed for JSON of too many levels", async () => {
    const client = await greet();
    let deep: unknown = 1;
    for (let level = 0; level < 20; level++) deep = [deep];
    client.send({ kind: "ping", deep });
    expect(await client.closed()).toEqual([4500, "invalid_argument"]);
  });

  it("is closed for a token that is none, has expired, or is of somebody else", async () => {
    const expired = await world.token("sub", expiry(-60));
    const other = await world.token("exe", expiry());
    for (const [token, code] of [
      ["x", 4501],
      [expired, 4502],
    ] as const) {
      const client = await open();
      client.send({ kind: "hello", token });
      expect((await client.closed())[0]).toBe(code);
    }
    for (const [token, code] of [
      ["x", 4501],
      [expired, 4502],
      [other, 4506],
    ] as const) {
      const client = await greet();
      client.send({ kind: "token", token });
      expect((await client.closed())[0]).toBe(code);
    }
    expect(world.audit.filter(({ action }) => action === "socket").map(({ code }) => code)).toEqual(
      ["unauthenticated", "token_expired"],
    );
  });

  it.each([
    [new ChannelError("unavailable", { reason: "x" }), 4034],
    [new Error("x"), 4000],
  ])("is closed for %s while it looks at a token", async (error, code) => {
    vi.spyOn(world.broker.grants, "identify").mockRejectedValue(error);
    const client = await open();
    client.send({ kind: "hello", token: (await share()).grant });
    expect((await client.closed())[0]).toBe(code);
  });

  it("is closed for a frame that is too large, and for half of one before its hello", async () => {
    const client = await greet();
    client.send({ kind: "ping", x: "x".repeat(1_100_000) });
    expect(await client.closed()).toEqual([4513, "message_too_large"]);
    const stranger = await open();
    stranger.socket.send("x".repeat(300_000), { fin: false });
    expect(await stranger.closed()).toEqual([4513, "message_too_large"]);
  });

  it("tells subscriptions and watches that the server goes, and then everybody", async () => {
    const client = await greet();
    client.send({ ...subscribe, id: 1, after: "now", credit: 0 }, { kind: "watch", id: 2 });
    await client.next("synced");
    const closing = world.server.close();
    expect(await client.closed()).toEqual([4001, "shutting_down"]);
    await closing;
    const ends = client.received.filter(({ kind }) => kind === "end");
    expect(ends.map((end) => "id" in end && [end.id, "reason" in end && end.reason])).toEqual(
      expect.arrayContaining([
        [1, "shutdown"],
        [2, "shutdown"],
      ]),
    );
  });
});
