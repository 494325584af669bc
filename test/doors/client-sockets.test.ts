import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ChannelEntry, Jobwire } from "../../src/client/index.ts";
import type { WebSocketConstructor } from "../../src/client/index.ts";
import { ClientWorld } from "../client-world.ts";

const KiB = 1024;

async function take(entries: AsyncIterable<ChannelEntry>, count: number): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  for await (const { payload } of entries) if (payloads.push(payload) === count) break;
  return payloads;
}

/** One that offers a single subprotocol, and notes each that is opened. */
function socketOf(protocol: string, opened: string[] = []): WebSocketConstructor {
  return class extends WebSocket {
    constructor(url: string) {
      super(url, [protocol]);
      opened.push(url);
    }
  };
}

describe.each(["jobwire.v1.json", "jobwire.v1.binary"])("a client of %s", (protocol) => {
  it("sends and reads payloads that no frame of the usual size holds, between small ones", async () => {
    await using world = await ClientWorld.create();
    const wire = world.client("sub", "websocket", { webSocket: socketOf(protocol) });
    await wire.createProcess({ id: "p", channels: [{ name: "in" }] });
    const channel = wire.process("p").channel("in");
    const sizes = [1, 64 * KiB, 64 * KiB + 1, 3, 1024 * KiB, 0, 10_000 * KiB, 5];
    const payloads = sizes.map((size, number) =>
      Uint8Array.from({ length: size }, (_, at) => (at * 31 + number) % 256),
    );

    const reading = take(channel.entries(), sizes.length);
    const receipts = await Promise.all(payloads.map((payload) => channel.send(payload)));
    const read = await reading;

    expect(receipts.map(({ position }) => position)).toEqual(sizes.map((_, at) => at + 1));
    expect(read.map(({ byteLength }) => byteLength)).toEqual(sizes);
    for (const [at, payload] of payloads.entries())
      expect(Buffer.compare(payload, read[at] ?? new Uint8Array(0))).toBe(0);
  });

  it("reads one channel to its end while another one, on the same connection, is not taken", async () => {
    await using world = await ClientWorld.create();
    const opened: string[] = [];
    const options = { webSocket: socketOf(protocol, opened), readAheadBytes: 64 * KiB };
    const wire = world.client("sub", "websocket", options);
    await wire.createProcess({ id: "p", channels: [{ name: "slow" }, { name: "fast" }] });
    const [slow, fast] = ["slow", "fast"].map((name) => wire.process("p").channel(name));
    if (slow === undefined || fast === undefined) throw new Error("there are two channels");
    const chunk = (number: number): Uint8Array => new Uint8Array(16 * KiB).fill(number);
    const count = 200;

    const untaken = slow.entries();
    for (let number = 0; number < count; number++) void slow.send(chunk(number));
    const read = take(fast.entries(), count);
    await Promise.all(Array.from({ length: count }, (_, number) => fast.send(chunk(number))));
    expect((await read).map(([first]) => first)).toEqual(Array.from(Array(count).keys()));

    expect((await take(untaken, count)).map(([first]) => first)).toEqual(
      Array.from(Array(count).keys()),
    );
    expect(opened).toHaveLength(1);
  });
});

it("delivers to 10,000 subscriptions over 100 connections, each entry once and in order", async () => {
  const [connectionCount, processCount, channelCount, entryCount] = [100, 10, 10, 5];
  await using world = await ClientWorld.create();
  const writer = world.client("sub", "websocket");
  const channels = Array.from({ length: channelCount }, (_, at) => ({ name: `c${at}` }));
  const places: (readonly [id: string, name: string])[] = [];
  for (let at = 0; at < processCount; at++) {
    await writer.createProcess({ id: `p${at}`, channels });
    places.push(...channels.map(({ name }) => [`p${at}`, name] as const));
  }
  const texts = (id: string, name: string): string[] =>
    Array.from({ length: entryCount }, (_, number) => `${id} ${name} ${number}`);

  const readers = Array.from({ length: connectionCount }, () => world.client("sub", "websocket"));
  const readAll = async (wire: Jobwire): Promise<string[]> => {
    const all = places.map(async ([id, name]) => {
      const payloads = await take(wire.process(id).channel(name).entries(), entryCount);
      return payloads.map((payload) => new TextDecoder().decode(payload));
    });
    return (await Promise.all(all)).flat();
  };
  const reading = readers.map(readAll);
  // Half of it is history to the ones and news to the others.
  await Promise.all(
    places.map(([id, name]) => writer.process(id).channel(name).sendMany(texts(id, name))),
  );

  const expected = places.flatMap(([id, name]) => texts(id, name));
  for (const read of await Promise.all(reading)) expect(read).toEqual(expected);
  expect(world.proxy.connectionCount).toBeLessThan(2 * connectionCount);
}, 60_000);
