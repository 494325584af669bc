import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { CliWorld, commandPath, type RunningCommand } from "../cli-world.ts";

const killCount = 10;
let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});

afterAll(() => world[Symbol.asyncDispose]());

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Park and Miller's generator: the printed seed makes the same kills again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Resolves when the file has grown to a size, or when the command has ended. */
async function untilGrown(path: string, size: number, command: RunningCommand): Promise<void> {
  const stop = new AbortController();
  const watcher = watch(world.directory, { signal: stop.signal });
  watcher.on("error", () => undefined);
  void command.exited.then(() => watcher.emit("change"));
  while (command.isRunning && (await sizeOf(path)) < size) await once(watcher, "change");
  stop.abort();
}

/** Copies a process's output, killing the copier again and again, then lets it finish. */
async function copyWithKills(name: string, path: string, bytes: number): Promise<number> {
  const seed = Number(process.env.JOBWIRE_TEST_SEED ?? Math.ceil(Math.random() * 2_147_483_646));
  console.log(`seed of the kills: JOBWIRE_TEST_SEED=${seed}`);
  const random = createRandom(seed);
  const sizes = Array.from({ length: killCount }, () => Math.floor(random() * bytes)).sort(
    (a, b) => a - b,
  );
  let hits = 0;
  for (const size of sizes) {
    const tail = world.start(["tail", name, "--output", path]);
    await untilGrown(path, size, tail);
    // Some turns of the event loop more: in the middle of a write, before or after its record.
    for (let turns = Math.floor(random() * 50); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (tail.isRunning) hits += 1;
    await tail.kill();
  }
  const last = await world.run(["tail", name, "--output", path]);
  expect(last).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  return hits;
}

describe("tail --output, killed ten times,", () => {
  it("makes an exact copy of lines", async () => {
    const run = world.start(["run", "--quiet", "--name", "lines", "--", "seq", "1", "200000"]);
    expect(await run.exited).toBe(0);
    const path = join(world.directory, "lines.copy");
    const hits = await copyWithKills("lines", path, run.stdout.byteLength);
    expect(hits).toBeGreaterThan(killCount / 2);
    const copy = await readFile(path);
    const lines = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join("");
    expect(copy.toString() === lines).toBe(true);
    expect(copy.equals(run.stdout)).toBe(true);
  });

  it("makes an exact copy of fifty million random bytes while they are made", async () => {
    const reference = join(world.directory, "random.reference");
    const script = `head -c 50000000 /dev/urandom | tee '${reference}'`;
    const run = world.start(["run", "--name", "random", "--", "sh", "-c", script]);
    await run.waitFor(/process/);
    const path = join(world.directory, "random.copy");
    const hits = await copyWithKills("random", path, 50_000_000);
    expect(hits).toBeGreaterThan(killCount / 2);
    expect(await run.exited).toBe(0);
    const expected = hash(await readFile(reference));
    expect(hash(run.stdout)).toBe(expected);
    expect(hash(await readFile(path))).toBe(expected);
  });
});

it("run and tail lose and repeat nothing while their connections are cut again and again", async () => {
  const proxy = await TcpProxy.start(Number(new URL(world.url).port));
  const through = { JOBWIRE_URL: `http://127.0.0.1:${proxy.port}` };
  const script =
    "i=0; while [ $i -lt 100 ]; do seq $((i * 500)) $((i * 500 + 499)); i=$((i + 1)); sleep 0.02; done";
  const run = world.start(["run", "--name", "cut", "--", "sh", "-c", script], through);
  await run.waitFor(/process/);
  const path = join(world.directory, "cut.copy");
  const tail = world.start(["tail", "cut", "--output", path], through);
  // A server that cannot be reached at the very start is told at once; from then on nothing may be lost.
  await expect.poll(() => existsSync(`${path}.jobwire`), { timeout: 15_000 }).toBe(true);
  const cutting = setInterval(() => proxy.cutAll(), 60);
  const exitCode = await run.exited;
  clearInterval(cutting);
  expect(await tail.exited).toBe(0);
  const expected = Array.from({ length: 50_000 }, (_, i) => `${i}\n`).join("");
  expect(exitCode).toBe(0);
  expect((await readFile(path, "utf8")) === expected).toBe(true);
  expect((await world.run(["tail", "cut"])).stdout === expected).toBe(true);
  expect(proxy.connectionCount).toBeGreaterThan(5);
  await proxy.close();
});

it("a reader that takes nothing slows neither the program nor another reader, and misses nothing", async () => {
  const script = "seq 1 3000000";
  const run = world.start([
    "run",
    "--quiet",
    "--name",
    "slow",
    "--",
    "sh",
    "-c",
    `read go; ${script}`,
  ]);
  await untilListed("slow");
  const stalled = spawn(process.execPath, [commandPath, "tail", "slow"], {
    env: world.environment,
  });
  const reader = world.start(["tail", "slow"]);
  run.child.stdin.end("go\n");
  expect(await run.exited).toBe(0);
  expect(await reader.exited).toBe(0);
  expect(reader.stdout.equals(run.stdout)).toBe(true);
  expect(stalled.exitCode).toBeNull();
  const late: Buffer[] = [];
  stalled.stdout.on("data", (chunk: Buffer) => late.push(chunk));
  await once(stalled, "close");
  expect(Buffer.concat(late).equals(run.stdout)).toBe(true);
});

async function untilListed(name: string): Promise<void> {
  for (;;) {
    const { stdout } = await world.run(["ps"]);
    if (stdout.includes(name)) return;
  }
}
