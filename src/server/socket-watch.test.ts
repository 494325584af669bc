import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";

let world: ServerWorld;

beforeEach(async () => {
  world = await ServerWorld.create();
});

afterEach(() => world[Symbol.asyncDispose]());

const create = async (id: string, identity = "sub"): Promise<void> => {
  const json = { id, executorid: "exe", channels: [{ name: "out" }] };
  const response = await world.request(identity, "POST", "/v1/processes", { json });
  expect(response.status).toBe(201);
};

describe.each(["json", "binary"] as const)("a watch of the %s form", (form) => {
  it("shows what there is, says that this is all, and then what changes", async () => {
    for (let i = 10; i < 60; i++) await create(`p${i}`);
    await create("other", "stranger");
    const client = await SocketClient.greeted(world, form, "sub");
    client.send({ kind: "watch", id: 1 });
    await client.next("synced");
    const shown = client.received.flatMap((message) =>
      message.kind === "process" ? [message.process.id] : [],
    );
    expect(shown).toEqual(Array.from({ length: 50 }, (_, i) => `p${i + 10}`));
    await world.request("sub", "DELETE", "/v1/processes/p10");
    expect(await client.next("deleted")).toEqual({ kind: "deleted", id: 1, process: "p10" });
    await create("q");
    await client.until(() =>
      client.received.some((message) => message.kind === "process" && message.process.id === "q"),
    );
  });

  it("of one process shows that alone, and ends with the right to see it", async () => {
    await create("p");
    await create("q");
    const client = await SocketClient.greeted(world, form, "exe");
    client.send({ kind: "watch", id: 1, process: "p" });
    expect(await client.next("process")).toMatchObject({
      id: 1,
      process: { id: "p", state: "running", executorid: "exe" },
    });
    await client.next("synced");
    const json = { executorid: "another" };
    await world.request("sub", "PUT", "/v1/processes/q/executor", { json });
    await world.request("sub", "PUT", "/v1/processes/p/executor", { json });
    expect(await client.next("end")).toEqual({ kind: "end", id: 1, reason: "revoked" });
    const ids = client.received.flatMap((one) => (one.kind === "process" ? [one.process.id] : []));
    expect(new Set(ids)).toEqual(new Set(["p"]));
  });

  it("of what there is not ends with the error; one of nothing is complete at once", async () => {
    const client = await SocketClient.greeted(world, form, "sub");
    client.send({ kind: "watch", id: 1, process: "none" }, { kind: "watch", id: 2 });
    expect(await client.next("synced")).toEqual({ kind: "synced", id: 2 });
    expect(await client.next("end")).toMatchObject({
      ...{ id: 1, reason: "failed" },
      error: { code: "process_not_found" },
    });
  });

  it("that is left shows nothing more", async () => {
    const client = await SocketClient.greeted(world, form, "sub");
    client.send({ kind: "watch", id: 1 });
    await client.next("synced");
    client.send({ kind: "unsubscribe", id: 1 }, { kind: "ping" });
    await client.next("pong");
    await create("p");
    client.send({ kind: "watch", id: 2 });
    await client.next("synced");
    expect(client.received.filter(({ kind }) => kind === "process")).toMatchObject([{ id: 2 }]);
  });
});
