import { createHash } from "node:crypto";
import { cp, mkdir, readdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Screen } from "../../src/cli/terminal/screen.ts";
import {
  decodeKeyboard,
  decodeSize,
  keyboardEntryType,
  sizeEntryType,
  type TerminalSnapshot,
} from "../../src/protocol/terminal-entries.ts";
import type { ChannelEntry } from "../../src/client/index.ts";
import { CliWorld, commandPath, type RunningCommand } from "../cli-world.ts";
import { TerminalJob } from "../terminal-job.ts";

/** For all tests whose server stays. */
let shared: CliWorld;
let world: CliWorld;
const jobs: TerminalJob[] = [];

beforeAll(async () => {
  shared = await CliWorld.create();
});

beforeEach(() => {
  world = shared;
});

afterEach(async () => {
  for (const job of jobs.splice(0)) await job[Symbol.asyncDispose]();
  if (world !== shared) await world[Symbol.asyncDispose]();
});

afterAll(() => shared[Symbol.asyncDispose]());

/** A shell script in a terminal, whose local input and output are pipes. */
async function start(
  script: string,
  options: readonly string[] = [],
): Promise<{ run: RunningCommand; job: TerminalJob }> {
  const run = world.start(["run", "--tty", ...options, "--", "sh", "-c", script]);
  const [, id = ""] = await run.waitFor(/process (\S+) ·/);
  const job = new TerminalJob(world, id);
  jobs.push(job);
  return { run, job };
}

const sizes = (entries: readonly ChannelEntry[]) =>
  entries.filter(({ type }) => type === sizeEntryType).map(({ payload }) => decodeSize(payload));

const sha = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** The screen of everything up to a position; from a snapshot on, if one is given. */
async function screenOf(
  entries: readonly ChannelEntry[],
  upTo: number,
  from?: TerminalSnapshot,
): Promise<string> {
  const screen = await Screen.create(from ?? { columns: 80, rows: 24 });
  await screen.write(from?.screen ?? "");
  for (const { type, payload, position } of entries) {
    if (position > upTo) break;
    if (position <= (from?.position ?? 0)) continue;
    const size = type === sizeEntryType ? decodeSize(payload) : undefined;
    if (type === "data") await screen.write(payload);
    if (size !== undefined) await screen.resize(size);
  }
  return await screen.capture();
}

describe("run --tty", () => {
  it("writes the size first, then what the program wrote, and ends as the program does", async () => {
    const { run, job } = await start("stty size; echo $TERM; exit 5");
    expect(await run.exited).toBe(5);
    expect(run.stdout.toString()).toBe("24 80\r\nxterm-256color\r\n");
    const entries = await job.entries("tty");
    expect(decodeSize(entries[0]!.payload)).toEqual({ columns: 80, rows: 24 });
    expect([entries[0]!.type, entries.at(-1)!.type]).toEqual([sizeEntryType, "end"]);
    expect(await job.written()).toBe(run.stdout.toString());
    expect(await world.lastProcess()).toMatchObject({ outcome: { exitcode: 5 } });
    const last = (await job.snapshots()).at(-1)!;
    expect(last.position).toBe(entries.at(-2)!.position);
  });

  it("tells the signal that ended the program, and those that none can be", async () => {
    const { run } = await start("kill -TERM $$");
    expect(await run.exited).toBe(143);
    expect((await world.lastProcess()).outcome).toMatchObject({ signal: "SIGTERM" });
    expect((await world.run(["run", "--tty", "no-such-program"])).exitCode).toBe(127);
    expect((await world.run(["run", "--tty", "/etc/passwd"])).exitCode).toBe(126);
    expect((await world.run(["run", "--tty", "--size", "1x1", "true"])).exitCode).toBe(2);
  });

  it("copies local input, whose end is the key for it", async () => {
    const text = await world.run(["run", "--tty", "--", "cat"], "one\ntwo");
    expect(text).toMatchObject({ exitCode: 0 });
    expect(text.stdout.replaceAll("^D\b\b", "")).toMatch(/one\r\n.*two$/s);
  });

  it("answers what the program asks its terminal, once", async () => {
    const ask = "stty raw -echo; printf '\\033[5;7H\\033[6n'; dd bs=1 count=6 2>/dev/null | od -c";
    // Nothing else may come: the next byte would be of a second answer.
    const { run } = await start(`${ask}; printf '\\033[c'; dd bs=1 count=2 2>/dev/null | od -c`);
    expect(await run.exited).toBe(0);
    const plain = run.stdout.toString().replaceAll(/\s+/g, " ");
    expect(plain).toContain("0000000 033 [ 5 ; 7 R");
    expect(plain).toMatch(/0000000 033 \[ 0000002/);
  });

  it("is ended by a cancel, a shell too, with the jobs it has in the foreground", async () => {
    const run = world.start(["run", "--tty", "--grace", "60", "--", "bash", "--norc", "-i"]);
    await run.waitFor(/[$#] $/);
    run.child.stdin.write("sleep 1000\n");
    await run.waitFor(/sleep 1000\r\n/);
    expect((await world.run(["cancel", "@last"])).exitCode).toBe(0);
    expect(await run.exited).toBeGreaterThan(128);
    expect((await world.lastProcess()).outcome).toMatchObject({ status: "cancelled" });
  });

  it("says what to install where the package for terminals is not", async () => {
    const before = await world.lastProcess();
    // The same command in a folder whose packages lack one.
    const root = dirname(dirname(dirname(commandPath)));
    const copy = join(world.directory, "copy");
    await mkdir(join(copy, "node_modules"), { recursive: true });
    await cp(join(root, "dist"), join(copy, "dist"), { recursive: true });
    await cp(join(root, "package.json"), join(copy, "package.json"));
    for (const name of await readdir(join(root, "node_modules")))
      if (name !== "@lydell")
        await symlink(join(root, "node_modules", name), join(copy, "node_modules", name));
    const main = join(copy, "dist/cli/main.js");
    const environment = { ...world.environment, JOBWIRE_URL: world.url };
    const result = spawnSync(process.execPath, [main, "run", "--tty", "true"], {
      env: environment,
      encoding: "utf8",
    });
    expect(result.stderr).toContain("npm install @lydell/node-pty");
    expect(result.status).toBe(1);
    expect(await world.lastProcess()).toEqual(before);
  });
});

describe("the size of a program's terminal", () => {
  it("is the smallest of its viewers', in its place between the output", async () => {
    const script = "trap 'stty size' WINCH; echo ready; while :; do read line; done";
    const { job, run } = await start(script);
    await job.written(/ready/);
    await job.look({ viewer: "a", size: { columns: 100, rows: 40 } });
    await job.written(/40 100/);
    await job.look({ viewer: "b", size: { columns: 90, rows: 50 } });
    await job.written(/40 90/);
    await job.look({ viewer: "b" });
    await job.written(/40 90[^]*40 100/);
    run.child.kill("SIGINT");
    await run.exited;
    const entries = await job.entries("tty");
    expect(sizes(entries).map((size) => `${size?.columns}x${size?.rows}`)).toEqual([
      "80x24",
      "100x40",
      "90x40",
      "100x40",
    ]);
  });

  it("is that of who typed last, or always the same", async () => {
    const script = "echo ready; while read line; do stty size; done";
    const { job, run } = await start(script, ["--size", "typist", "--no-stdin"]);
    await job.written(/ready/);
    await job.look({ viewer: "a", size: { columns: 100, rows: 40 } });
    await job.look({ viewer: "b", producer: job.producer, size: { columns: 90, rows: 50 } });
    await job.type("x\n");
    await job.entries("tty", ({ type, payload }) => {
      return type === sizeEntryType && decodeSize(payload)?.columns === 90;
    });
    await job.type("y\n");
    await job.written(/50 90/);
    run.child.kill("SIGINT");
    await run.exited;
    const fixed = await start("stty size", ["--size", "33x11"]);
    expect(await fixed.job.written()).toBe("11 33\r\n");
  });
});

describe("those who look at a program's terminal", () => {
  it("type one at a time, in the order in which they came, if that is asked for", async () => {
    const { job, run } = await start("echo ready; cat", ["--keyboard", "one", "--no-stdin"]);
    const size = { columns: 80, rows: 24 };
    await job.written(/ready/);
    await job.look({ viewer: "a", producer: "somebody", size });
    await job.look({ viewer: "b", producer: job.producer, size });
    await job.entries("control", ({ type }) => type === keyboardEntryType);
    await job.type("dropped\n");
    await job.look({ viewer: "a" });
    await job.entries("control", ({ type, payload }) => {
      return type === keyboardEntryType && decodeKeyboard(payload)?.viewer === "b";
    });
    await job.type("taken\n");
    const text = await job.written(/taken/);
    expect(text).not.toContain("dropped");
    run.child.kill("SIGINT");
    await run.exited;
  });

  it("send signals to what has the foreground", async () => {
    const { job, run } = await start(
      "trap 'echo got usr1; exit 3' USR1; echo ready; while :; do read line; done",
    );
    await job.written(/ready/);
    await job.signal("SIGUSR1");
    expect(await run.exited).toBe(3);
    expect(run.stdout.toString()).toContain("got usr1");
  });
});

describe("snapshots of a terminal", () => {
  it("hold exactly the output up to their position", async () => {
    const letters = `awk 'BEGIN { srand(7); for (i = 0; i < 40000; i++) printf "\\033[%d;%dH\\033[3%dm%c", 1 + rand() * 24, 1 + rand() * 80, rand() * 8, 65 + rand() * 26 }'`;
    const { job, run } = await start(`${letters}; sleep 2.5; echo more; ${letters}`);
    const [entries, snapshots] = await Promise.all([job.entries("tty"), job.snapshots()]);
    expect(await run.exited).toBe(0);
    const last = entries.at(-1)!.position;
    const whole = await screenOf(entries, last);
    // One for each 256 KiB or so, one of the pause, one of the end.
    expect(snapshots.length).toBeGreaterThanOrEqual(3);
    for (const snapshot of snapshots) {
      expect(snapshot.screen).toBe(await screenOf(entries, snapshot.position));
      expect(await screenOf(entries, last, snapshot)).toBe(whole);
    }
    expect(snapshots.at(-1)!.position).toBe(last - 1);
  });

  it("do not come within a character", async () => {
    const script = "stty -echo; printf 'a\\344\\270'; read line; printf '\\226b'";
    const { job, run } = await start(script);
    // Two seconds after the output.
    await job.entries("tty-snapshot", () => true);
    await job.type("x\n");
    const [entries, snapshots] = await Promise.all([job.entries("tty"), job.snapshots()]);
    expect(await run.exited).toBe(0);
    const last = entries.at(-1)!.position;
    const whole = await screenOf(entries, last);
    expect(whole).toContain("a世b");
    expect(await screenOf(entries, last, snapshots[0])).toBe(whole);
  });

  it("come with new sizes to a process that was created again", async () => {
    world = await CliWorld.create(["--store", "memory"]);
    const { job, run } = await start("echo before; read line; echo after $line", [
      "--size",
      "50x9",
    ]);
    await job.written(/before/);
    await job[Symbol.asyncDispose]();
    const { port } = new URL(world.url);
    await world.stopServer();
    await world.serve(Number(port));
    await run.waitFor(/created again/);
    const again = new TerminalJob(world, job.id);
    jobs.push(again);
    const [{ payload } = { payload: new Uint8Array() }] = await again.entries(
      "tty-snapshot",
      () => true,
    );
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
      columns: 50,
      rows: 9,
      position: 2,
    });
    expect(Buffer.from(payload).toString()).toContain("before");
    await again.type("x\n");
    expect(await run.exited).toBe(0);
    const entries = await again.entries("tty");
    expect(entries.slice(0, 2).map(({ type }) => type)).toEqual([sizeEntryType, "jobwire.gap"]);
    expect(await again.written()).toContain("after x");
  });
});

describe("much output of a program in a terminal", () => {
  it.each([
    ["of many lines", "seq 1 200000", "1"],
    ["of large pieces", "head -c 20000000 /dev/zero | tr '\\0' x", "2"],
  ])("loses nothing, however little may wait: %s", async (_, script, buffer) => {
    const { job, run } = await start(script, ["--buffer", buffer]);
    const text = await job.written();
    expect(await run.exited).toBe(0);
    expect(sha(text)).toBe(sha(run.stdout.toString("latin1")));
    const plain = spawnSync("sh", ["-c", script], { maxBuffer: 100_000_000 }).stdout;
    expect(sha(text.replaceAll("\r\n", "\n"))).toBe(sha(plain));
  });
});
