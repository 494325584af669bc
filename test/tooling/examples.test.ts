import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { ClientWorld } from "../client-world.ts";
import { root } from "../docs/page-world.ts";
import { signToken } from "../server-world.ts";

const execute = promisify(execFile);

// On a busy machine a build takes longer than a test may.
beforeAll(() => ensureBuilt(), 120_000);

async function runExample(world: ClientWorld, identity: string, name: string, ...rest: string[]) {
  const environment = { JOBWIRE_URL: world.world.url, TOKEN: await signToken(identity) };
  return await execute(process.execPath, [join(root, "examples", name), ...rest], {
    env: { ...process.env, ...environment },
  });
}

describe("the example", () => {
  it("worker.mjs stops when it is cancelled, and the process says so", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", "websocket");
    await ada.createProcess({ id: "p", executors: ["exe"], channels: [{ name: "out" }] });

    const working = runExample(world, "exe", "worker.mjs", "p");
    const entries = ada.process("p").channel("out").entries();
    for await (const { position } of entries) if (position === 2) await ada.process("p").cancel();
    await working;

    expect(entries.outcome).toEqual({ status: "cancelled" });
  });

  it("chat.mjs asks, and answers by replies", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", "websocket");
    await ada.createProcess({ id: "p", executors: ["exe"], channels: [{ name: "chat" }] });

    const answering = runExample(world, "exe", "chat.mjs", "answer", "p");
    const asked = await Promise.all(
      ["one two", "three"].map((text) => runExample(world, "sub", "chat.mjs", "ask", "p", text)),
    );
    await ada.process("p").cancel();
    await answering;

    expect(asked.map(({ stdout }) => stdout)).toEqual(["you said: one two\n", "you said: three\n"]);
  });

  it("pipe.mjs brings a body into a channel, byte for byte", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", "websocket");
    await ada.createProcess({ id: "p", channels: [{ name: "out" }] });
    const text = "grüße\n".repeat(10_000);
    const site = createServer((_request, response) => response.end(text)).listen(0, "127.0.0.1");
    await once(site, "listening");

    try {
      const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
      await runExample(world, "sub", "pipe.mjs", address, "p");
    } finally {
      site.close();
    }

    const body = ada.process("p").channel("out").readable();
    expect(await new Response(body).text()).toBe(text);
  });
});
