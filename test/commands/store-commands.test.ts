import { mkdir, open, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonProcess, JsonRead } from "../../src/protocol/index.ts";
import { formatVersion } from "../../src/stores/segment-log/segment-format.ts";
import { CliWorld } from "../cli-world.ts";

let world: CliWorld;
let storePath: string;

beforeEach(async () => {
  world = await CliWorld.create();
  storePath = join(world.directory, "data", "store");
});

afterEach(() => world[Symbol.asyncDispose]());

async function request(method: string, path: string, body?: string): Promise<Response> {
  const authorization = `Bearer ${await world.token({ isAdmin: true })}`;
  const type = path.endsWith("/entries") ? "text/plain" : "application/json";
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": type }) };
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  return await fetch(`${world.url}/v1/processes${path}`, init);
}

async function create(id: string): Promise<JsonProcess> {
  const response = await request("POST", "", JSON.stringify({ id, channels: [{ name: "out" }] }));
  expect(response.status).toBe(201);
  return (await response.json()) as JsonProcess;
}

/** Returns the cursor behind what was appended. */
async function append(id: string, text: string): Promise<string> {
  const response = await request("POST", `/${id}/channels/out/entries`, text);
  expect(response.status).toBe(201);
  return ((await response.json()) as { cursor: string }).cursor;
}

async function close(id: string): Promise<void> {
  const body = JSON.stringify({ outcome: { status: "success" } });
  expect((await request("POST", `/${id}/close`, body)).status).toBe(200);
}

/** Texts of a channel after a place, and why it does not go on from there. */
async function read(id: string, after: string): Promise<{ texts: string[]; gap?: string }> {
  const response = await request("GET", `/${id}/channels/out/entries?after=${after}`);
  const { entries, gap } = (await response.json()) as JsonRead;
  const texts = entries.map(({ payload }) => Buffer.from(payload, "base64").toString());
  return { texts, ...(gap === undefined ? {} : { gap: gap.reason }) };
}

/** Makes the next server use another data directory. */
async function serveFrom(dataDirectory: string): Promise<void> {
  world.environment.JOBWIRE_DATA_DIRECTORY = dataDirectory;
  await world.serve();
}

describe("a deleted process", () => {
  it("is gone after a restart; created again, it has a new epoch and no cursor of before", async () => {
    const { epoch } = await create("p");
    const cursor = await append("p", "old");
    expect((await request("DELETE", "/p")).status).toBe(204);
    await world.stopServer("SIGKILL");
    await world.serve();
    expect((await request("GET", "/p")).status).toBe(404);
    expect((await create("p")).epoch).not.toBe(epoch);
    await append("p", "new");
    await world.stopServer("SIGKILL");
    await world.serve();
    expect(await read("p", cursor)).toEqual({ texts: ["new"], gap: "epoch" });
  });
});

describe("store backup", () => {
  it("copies a store in use; whoever serves from it has new epochs for what had not ended", async () => {
    await create("open");
    await create("ended");
    await append("open", "one");
    const ended = await append("ended", "all");
    await close("ended");
    const restored = join(world.directory, "restored");
    const copy = await world.run(["store", "backup", join(restored, "store"), "--json"]);
    expect(copy).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(copy.stdout)).toMatchObject({ directory: join(restored, "store") });
    const seen = await append("open", "two, which the copy has not");
    await world.stopServer("SIGKILL");
    await serveFrom(restored);
    expect(await read("open", "start")).toEqual({ texts: ["one"] });
    await append("open", "another two");
    expect(await read("open", seen)).toEqual({ texts: ["one", "another two"], gap: "epoch" });
    expect(await read("ended", ended)).toEqual({ texts: [] });
    // Once is enough: a further start leaves the new cursors as they are.
    const cursor = await append("open", "three");
    await world.stopServer("SIGKILL");
    await world.serve();
    expect(await read("open", cursor)).toEqual({ texts: [] });
  });

  it("refuses a directory that is not empty, not its own or in the store, and who is no administrator", async () => {
    await writeFile(join(world.directory, "taken"), "");
    for (const directory of [world.directory, "taken", join(storePath, "copy")]) {
      const { exitCode, stderr } = await world.run(["store", "backup", directory]);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining("directory must be "),
      });
    }
    const environment = { JOBWIRE_TOKEN: await world.token() };
    const refused = await world.run(["store", "backup", "copy"], "", environment);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(await readdir(world.directory)).not.toContain("copy");
  });
});

describe("store reepoch", () => {
  it("ends the cursors of open processes when files of before were put back by hand", async () => {
    await create("p");
    const cursor = await append("p", "one");
    await world.stopServer();
    const { exitCode, stderr } = await world.run(["store", "reepoch"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining("new epochs"),
    });
    await world.serve();
    expect(await read("p", cursor)).toEqual({ texts: ["one"], gap: "epoch" });
  });
});

describe("store check and stats", () => {
  it("show what is in a store that no server uses, and where it is", async () => {
    await create("p");
    await append("p", "one");
    await create("q");
    await close("q");
    await world.stopServer();
    for (const command of ["check", "stats"]) {
      const { exitCode, stdout, stderr } = await world.run(["store", command]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain(`directory    ${storePath}\n`);
      expect(stdout).toMatch(/^file system {2}\S/m);
      expect(stdout).toMatch(/^processes {4}2, 1 open$/m);
      expect(stdout).toMatch(/^entries {6}1, /m);
      expect(stdout).toMatch(/^damages {6}0$/m);
    }
  });

  it("keep away from a store in use, and name who uses it", async () => {
    for (const command of ["check", "stats", "reepoch"]) {
      const { exitCode, stdout, stderr } = await world.run(["store", command]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain("another server has it: process ");
    }
    const nothing = await world.run(["store", "check", world.directory]);
    expect(nothing).toMatchObject({ exitCode: 1, stdout: "" });
    expect(nothing.stderr).toContain(`there is no store in ${world.directory}`);
  });

  it("find damage with its file and place, which costs only who is hit by it", async () => {
    await create("hit");
    await create("spared");
    for (const text of ["before", "DAMAGED HERE", "after"]) await append("hit", text);
    await append("spared", "all of it");
    await world.stopServer();
    const [segment = ""] = (await readdir(storePath)).filter((name) => name.endsWith(".segment"));
    const path = join(storePath, segment);
    const at = (await readFile(path)).indexOf("DAMAGED HERE");
    expect(at).toBeGreaterThan(0);
    await overwrite(path, at, "X");
    const { exitCode, stdout } = await world.run(["store", "check"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(new RegExp(`^damage: ${segment} at \\d+, \\d+ bytes: `, "m"));
    const json = await world.run(["store", "check", "--json"]);
    const { damages } = JSON.parse(json.stdout) as {
      damages: { offset: number; length: number }[];
    };
    expect(damages.some(({ offset, length }) => offset <= at && at < offset + length)).toBe(true);
    await world.serve();
    expect(await read("spared", "start")).toEqual({ texts: ["all of it"] });
    // Not ended, so it goes on: the reader is stopped once it has what is left.
    const tail = world.start(["tail", "hit", "out"]);
    // Two pipes: which of them is read first, nobody says.
    await tail.waitFor(/damaged/);
    await tail.waitFor(/after/);
    expect(tail.stdout.toString()).toBe("beforeafter");
  });
});

async function overwrite(path: string, at: number, text: string): Promise<void> {
  const file = await open(path, "r+");
  await file.write(text, at);
  await file.close();
}

describe("serve", () => {
  it("keeps off a directory that another server has, and says who has it", async () => {
    const { exitCode, stdout, stderr } = await world.run(["serve", "--port", "0"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(`${storePath}: another server has it: process `);
    expect(stderr).toContain("--data-directory");
    // Without files there is nothing to share.
    const memory = world.start(["serve", "--port", "0", "--store", "memory"]);
    await memory.waitFor(/memory: what it holds ends with it/);
  });

  it("says what is wrong with a store that it cannot open, and changes nothing", async () => {
    await world.stopServer();
    const notePath = join(storePath, "store.json");
    const note = await readFile(notePath, "utf8");
    for (const [text, message] of [
      ["{", "store.json is damaged"],
      [
        note.replace(`"format": ${formatVersion}`, '"format": 9'),
        `of format 9; this release reads format ${formatVersion}`,
      ],
    ] as const) {
      await writeFile(notePath, text);
      const { exitCode, stdout, stderr } = await world.run(["serve", "--port", "0"]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain(`cannot open the store in ${storePath}: `);
      expect(stderr).toContain(message);
      expect(await readFile(notePath, "utf8")).toBe(text);
    }
    const other = join(world.directory, "other", "store");
    await mkdir(join(world.directory, "other"), { mode: 0o700 });
    await rename(storePath, other);
    await writeFile(join(other, "store.json"), note);
    await serveFrom(join(world.directory, "other"));
    expect((await fetch(`${world.url}/readyz`)).status).toBe(200);
  });

  it.each([
    [["--sync", "sometimes"], "Expected one of always, interval, never"],
    [["--sync-interval", "500"], "an interval goes with --sync interval"],
    [["--sync-interval", "0"], "whole number from 1"],
  ])("refuses %j", async (flags, message) => {
    const { exitCode, stderr } = await world.run(["serve", "--port", "0", ...flags]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([
    [["--sync", "interval", "--sync-interval", "200"], "a power cut takes back up to 200 ms"],
    [["--sync", "never"], "a power cut takes back what the system has not written"],
    [["--unsafe-no-lock"], "what is acknowledged stays"],
  ])("takes %j, and says what it promises", async (flags, promise) => {
    await world.stopServer();
    const server = world.start(["serve", "--port", "0", ...flags]);
    await server.waitFor(new RegExp(promise));
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });
});
