import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createDeferred } from "../../src/core/deferred.ts";
import { randomId } from "../../src/core/system.ts";
import { NodeDirectory, SegmentLogStore } from "../../src/stores/segment-log/index.ts";
import type { StoreFile, SyncMode } from "../../src/stores/segment-log/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { problemOf, ServerWorld } from "../server-world.ts";

const entries = "/v1/processes/p/channels/out/entries";
const waitMs = 1_000;

/** A directory whose disk breaks when it is told to. */
class BreakingDirectory extends NodeDirectory {
  isBroken = false;

  override async create(name: string): Promise<StoreFile> {
    const file = await super.create(name);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      if (this.isBroken) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
      await sync();
    };
    return file;
  }
}

it.each<[string, SyncMode]>([
  ["the sync after an interval", { intervalMs: waitMs }],
  ["the proof of the last frame", "always"],
])(
  "when %s fails, the server is not ready, refuses writes, and goes on reading",
  async (...args) => {
    const [, sync] = args;
    const path = await mkdtemp(join(tmpdir(), "jobwire-store-"));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    const directory = new BreakingDirectory(path);
    const clock = new FakeClock();
    const failed = createDeferred<string>();
    const store = await SegmentLogStore.open({
      ...{ directory, sync, idleMs: waitMs, system: { clock, randomId } },
      onError: (_error, { stage }) => failed.resolve(stage),
    });
    await using world = await ServerWorld.create({ store });
    await world.createProcess();
    await world.append("acknowledged");
    expect((await fetch(`${world.url}/readyz`)).status).toBe(200);

    directory.isBroken = true;
    clock.advance(waitMs);

    expect(await failed.promise).toBe("log");
    expect((await fetch(`${world.url}/readyz`)).status).toBe(503);
    const append = await world.request("exe", "POST", entries, { body: "refused" });
    expect(await problemOf(append)).toEqual([503, "store_failed"]);
    const create = await world.request("sub", "POST", "/v1/processes", { json: { channels: [] } });
    expect(await problemOf(create)).toEqual([503, "store_failed"]);
    const read = await world.request("sub", "GET", entries);
    expect(await read.json()).toMatchObject({ last: 1 });
  },
);
