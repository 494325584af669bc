import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../../scripts/project.mjs";
import { mountProblem, SmallDisk } from "./small-disk.ts";
import { refusalOf, StoreClient } from "./store-client.ts";
import { StoreServer } from "./store-server.ts";

const diskBytes = 8 * 1024 * 1024;
const options = { distPath: join(root, "dist"), segmentBytes: 128 * 1024 };
const payloadBytes = 4_000;
const acknowledgedMax = diskBytes / payloadBytes;
/** It looks once a second, and for what it can give back two seconds after a deletion. */
const roomMsMax = 60_000;
const problem = mountProblem();
if (problem !== undefined) console.log(`full-disk: skipped, ${problem}`);

beforeAll(() => ensureBuilt(), 300_000);

/** Appends one after the other, as long as they are taken, and returns those that were. */
async function appendUntilFull(client: StoreClient, id: string): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let sequence = 1; sequence <= acknowledgedMax; sequence++) {
    const payload = `${sequence}:${"x".repeat(payloadBytes)}`;
    const code = await refusalOf(client.append(id, sequence, payload));
    if (code === undefined) acknowledged.push(payload);
    else {
      expect(code).toBe("store_full");
      return acknowledged;
    }
  }
  throw new Error("the disk never was full");
}

/** Asks until it is taken: the server looks for room by itself, and says to nobody that it has found some. */
async function appendOnceThereIsRoom(client: StoreClient, id: string, sequence: number) {
  const late = AbortSignal.timeout(roomMsMax);
  const append = (): Promise<void> => client.append(id, sequence, `${sequence}`);
  for (let code; (code = await refusalOf(append())) !== undefined;) {
    expect(code).toBe("store_full");
    late.throwIfAborted();
  }
}

describe.skipIf(problem !== undefined)("on a full disk, a server", () => {
  it("refuses data, lets processes end and readers read, and takes data again once there is room", async () => {
    using disk = SmallDisk.mount(diskBytes);
    const directory = join(disk.path, "store");
    await using server = await StoreServer.start(directory, options);
    const client = await StoreClient.connect(server);
    const ids = ["written", "assigned", "cancelled", "closed", "deleted"];
    for (const id of ids) await client.create(id);
    const followed = client.follow("written");

    disk.fill();
    const acknowledged = await appendUntilFull(client, "written");
    expect(await refusalOf(client.create("new"))).toBe("store_full");
    await client.assign("assigned", "other");
    await client.cancel("cancelled");
    await client.close("closed");
    await client.delete("deleted");
    expect(await client.read("written")).toEqual(acknowledged);
    expect((await fetch(`${await server.url}/readyz`)).status).toBe(200);
    // A short one neither: what is left is for those that end.
    expect(await refusalOf(client.append("written", acknowledged.length + 1, "y"))).toBe(
      "store_full",
    );

    disk.free();
    acknowledged.push(`${acknowledged.length + 1}`);
    await appendOnceThereIsRoom(client, "written", acknowledged.length);
    await client.close("written");
    expect(await followed).toEqual(acknowledged);
    for (const text of server.errors) expect(text).toContain("ENOSPC");
    expect(server.errors).not.toEqual([]);

    await server.kill();
    await using again = await StoreServer.start(directory, options);
    const reader = await StoreClient.connect(again);
    expect(await reader.read("written")).toEqual(acknowledged);
    const outcome = { status: "success", exitcode: 7 };
    expect(await reader.get("written")).toMatchObject({ state: "closed", outcome });
    expect(await reader.get("assigned")).toMatchObject({ executorid: "other" });
    expect(await reader.get("cancelled")).toMatchObject({ cancelrequest: { by: "sub" } });
    expect(await reader.get("closed")).toMatchObject({ state: "closed", outcome });
    expect(await refusalOf(reader.get("deleted"))).toBe("process_not_found");
    expect(again.errors).toEqual([]);
  });

  it("gets its room back from what is deleted", async () => {
    using disk = SmallDisk.mount(diskBytes);
    await using server = await StoreServer.start(join(disk.path, "store"), options);
    const client = await StoreClient.connect(server);
    for (const id of ["large", "small"]) await client.create(id);
    await client.append("small", 1, "1");
    await appendUntilFull(client, "large");

    await client.delete("large");
    await appendOnceThereIsRoom(client, "small", 2);
    expect(await client.read("small")).toEqual(["1", "2"]);
  });
});
