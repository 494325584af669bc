import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../../scripts/project.mjs";
import { refusalOf, StoreClient } from "./store-client.ts";
import { StoreServer } from "./store-server.ts";
import type { LogFault } from "./store-server.ts";

const options = { distPath: join(root, "dist"), segmentBytes: 128 * 1024 };
const ids = ["a", "b", "c"];
const appendsMax = 500;

beforeAll(() => ensureBuilt(), 300_000);

/** Appends one after the other until one is refused, and returns how many were acknowledged. */
async function appendUntilFailed(client: StoreClient, id: string): Promise<number> {
  for (let sequence = 1; sequence <= appendsMax; sequence++) {
    const code = await refusalOf(client.append(id, sequence, `${sequence}`));
    if (code === undefined) continue;
    expect(code).toBe("store_failed");
    return sequence - 1;
  }
  throw new Error("the store never failed");
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index + 1}`);
}

async function expectReadOnly(client: StoreClient, server: StoreServer): Promise<void> {
  const url = await server.url;
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const changes = [
    () => client.create("new"),
    () => client.assign("a", "other"),
    () => client.cancel("a"),
    () => client.close("b"),
    () => client.delete("c"),
  ];
  for (const change of changes) expect(await refusalOf(change())).toBe("store_failed");
}

describe("a server, of whose log one call fails,", () => {
  it.each<LogFault>([
    { call: "write", nth: 60, effect: "none" },
    { call: "write", nth: 60, effect: "half" },
    { call: "write", nth: 60, effect: "whole" },
    { call: "sync", nth: 60, effect: "none" },
    { call: "sync", nth: 60, effect: "whole" },
  ])("acknowledges nothing more, and has the rest when it starts again: %j", async (fault) => {
    const directory = await mkdtemp(join(tmpdir(), "jobwire-fail-stop-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await using server = await StoreServer.start(directory, { ...options, fault });
    const client = await StoreClient.connect(server);
    for (const id of ids) await client.create(id);

    const acknowledged = await Promise.all(ids.map((id) => appendUntilFailed(client, id)));
    await expectReadOnly(client, server);
    for (const [index, id] of ids.entries()) {
      const count = acknowledged[index] ?? 0;
      expect(await refusalOf(client.append(id, count + 1, `${count + 1}`))).toBe("store_failed");
      expect(await client.read(id)).toEqual(upTo(count));
    }
    expect(Math.min(...acknowledged)).toBeGreaterThan(0);
    // Once for the log, and once for each channel that was at it.
    expect(server.errors.filter((text) => text.startsWith("log: "))).toHaveLength(1);
    for (const text of server.errors) expect(text).toMatch(/^(log|append): [^]*EIO/);

    await server.kill();
    await using again = await StoreServer.start(directory, options);
    const writer = await StoreClient.connect(again);
    for (const [index, id] of ids.entries()) {
      const count = acknowledged[index] ?? 0;
      const found = await writer.read(id);
      expect([upTo(count), upTo(count + 1)]).toContainEqual(found);
      // In doubt until now: it is there once, whatever the disk has kept of it.
      await writer.append(id, count + 1, `${count + 1}`);
      expect(await writer.read(id)).toEqual(upTo(count + 1));
    }
    expect(again.errors).toEqual([]);
  });
});
