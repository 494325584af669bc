import { afterEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";

let world: ServerWorld;

afterEach(() => world[Symbol.asyncDispose]());

describe.each(["json", "binary"] as const)("a socket of the %s form", (form) => {
  it("reads and appends", async () => {
    world = await ServerWorld.create();
    await world.createProcess();
    await world.append("a");
    const client = await SocketClient.open(world.url, form);
    client.send({ kind: "hello", token: await world.token("exe") });
    expect(await client.next("welcome")).toMatchObject({ version: 1, identity: "exe" });
    const place = { process: "p", channel: "out" };
    client.send(
      { kind: "subscribe", id: 1, ...place, after: "start", credit: 1_000 },
      { kind: "produce", id: 2, ...place, producer: "w" },
      { kind: "append", id: 2, entries: [{ sequence: 1, payload: Buffer.from("b") }] },
    );
    expect(await client.next("subscribed")).toMatchObject({ id: 1 });
    expect(await client.next("ack")).toEqual({ kind: "ack", id: 2, runs: [[1, 2, 1]] });
    expect(await client.texts(1, 2)).toEqual(["a", "b"]);
  });
});
