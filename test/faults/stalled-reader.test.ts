import { connect } from "node:net";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ServerWorld } from "../server-world.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const stallMs = 8_000;
const entryCount = 1_500;
const payload = "x".repeat(40_000);
const totalBytes = entryCount * payload.length;

/** A reader that asks for the events and then takes nothing. */
async function openStalled(world: ServerWorld): Promise<Socket> {
  const token = await world.token("sub");
  const socket = connect(world.port, "127.0.0.1");
  socket.pause();
  socket.write(
    `GET /v1/processes/p/channels/out/entries?after=0&format=text HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  return socket;
}

/** Everything the socket still gets. */
function drain(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.resume();
  });
}

function positionsOf(text: string): number[] {
  return Array.from(text.matchAll(/^id: \w+\.(\d+)\ndata: x/gm), ([, position]) =>
    Number(position),
  );
}

/** Memory that is reachable, whatever the collector has not come to yet. */
function heldBytes(): number {
  // Twice: what the first round lets go of, the second gives back.
  collectGarbage();
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

it("a reader that takes nothing slows nobody, holds no memory, is told why, and resumes without loss", async () => {
  // The server's time passes when the test says so: a busy machine would run into the end of the connection.
  const clock = new FakeClock(Date.now());
  await using world = await ServerWorld.create({
    ...{ clock, stallMs },
    limits: { entriesPerSecond: 1e6, entryBurst: 1e6 },
  });
  await world.createProcess();
  const stalled = await openStalled(world);
  const fast = await world.request("sub", "GET", "/v1/processes/p/channels/out/entries?after=0", {
    headers: { accept: "application/octet-stream" },
  });
  let fastBytes = 0;
  const reading = (async () => {
    for await (const chunk of fast.body ?? []) fastBytes += (chunk as Uint8Array).byteLength;
  })();
  const before = heldBytes();
  for (let i = 0; i < entryCount; i++) {
    await world.append(payload, `?producer=w&sequence=${i + 1}`);
  }
  await world.request("exe", "POST", "/v1/processes/p/close", {
    json: { outcome: { status: "success" } },
  });
  await reading;
  expect(fastBytes).toBe(totalBytes);
  // The log itself holds everything once; a queue for the stalled reader would hold it again.
  const grown = heldBytes() - before;
  expect(grown).toBeLessThan(totalBytes * 1.6);

  // It reads again before its connection goes, after it has been cut off: the log says when.
  while ((await subscriptionsOf(world)) > 0) {
    clock.advance(stallMs / 8);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const text = await drain(stalled);
  const positions = positionsOf(text);
  expect(positions.length).toBeGreaterThan(0);
  expect(positions).toEqual(positions.map((_, i) => i + 1));
  expect(positions.length).toBeLessThan(entryCount);
  expect(text).toContain('"reason":"too_slow"');
  const cursor = /event: end\nid: (\S+)/.exec(text)?.[1] ?? "";
  expect(cursor).toMatch(new RegExp(`\\.${positions.length}$`));
  const rest = await world.request(
    "sub",
    "GET",
    "/v1/processes/p/channels/out/entries?format=text",
    {
      headers: { accept: "text/event-stream", "last-event-id": cursor },
    },
  );
  const resumed = positionsOf(await rest.text());
  expect([...positions, ...resumed]).toEqual(Array.from({ length: entryCount }, (_, i) => i + 1));
}, 60_000);

/** Readers that the broker still serves, seen from outside: deleting nothing, asking the process. */
async function subscriptionsOf(world: ServerWorld): Promise<number> {
  return world.broker.subscriptionCount({ identity: "sub", isAdmin: false }, "p");
}
