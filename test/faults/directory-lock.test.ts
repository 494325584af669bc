import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { runCount } from "../run-count.ts";
import { LockProgram, createPath, ensureBusyboxFlock, findCommand } from "./lock-program.ts";

let world: string;
/** Values of PATH by the flock that is found there. */
const paths = { system: "", busybox: "", none: "" };
const rounds = runCount(50, 500);
const kinds = ["system", "busybox", "none"] as const;

beforeAll(() => {
  ensureBuilt();
  world = mkdtempSync(join(tmpdir(), "jobwire-lock-"));
  const system = findCommand("flock");
  if (system === undefined) throw new Error("the command flock is missing (util-linux)");
  paths.system = createPath(join(world, "system"), system);
  paths.busybox = createPath(join(world, "busybox"), ensureBusyboxFlock());
  paths.none = createPath(join(world, "none"));
}, 300_000);

afterAll(() => rmSync(world, { recursive: true, force: true }));

const createDirectory = (): string => mkdtempSync(join(world, "data-"));

const unshare = findCommand("unshare");
/** As in another container: a network and a PID namespace of its own. */
const container = [unshare ?? "", "--net", "--pid", "--fork", "--kill-child", "--"];
const containerRefusal =
  unshare === undefined
    ? "the command unshare is missing"
    : spawnSync(container[0] ?? "", [...container.slice(1), process.execPath, "--version"], {
        encoding: "utf8",
      }).stderr.trim();

describe.each(kinds)("with the flock: %s", (kind) => {
  const start = (wrapper: readonly string[] = []): LockProgram =>
    new LockProgram(paths[kind], wrapper);
  const foundBy = kind === "none" ? "socket" : "flock";

  it("refuses a second server and names the first", async () => {
    const directory = createDirectory();
    await using first = start();
    await using second = start();
    expect(await first.acquire(directory)).toEqual({ ok: true });

    const refusal = await second.acquire(directory);

    expect(refusal).toMatchObject({
      name: "DirectoryLockedError",
      directory,
      foundBy,
      holder: { pid: first.child.pid, host: hostname(), lockedAt: expect.any(Number) },
    });
    expect(refusal.message).toContain(`process ${first.child.pid} on "${hostname()}" since `);
  });

  it("is free after kill -9 with nothing to remove", async () => {
    const directory = createDirectory();
    await using first = start();
    await using second = start();
    await first.acquire(directory);
    await first.kill();

    expect(await second.acquire(directory)).toEqual({ ok: true });
  });

  it("is kept while its holder is stopped", async () => {
    const directory = createDirectory();
    await using first = start();
    await using second = start();
    await first.acquire(directory);
    first.child.kill("SIGSTOP");

    expect(await second.acquire(directory)).toMatchObject({ name: "DirectoryLockedError" });
  });

  it("does not depend on a reference to it", async () => {
    const directory = createDirectory();
    await using first = start();
    await using second = start();
    await first.acquire(directory);
    await first.tell("forget");

    expect(await second.acquire(directory)).toMatchObject({ foundBy });
  });

  it("is not kept by what its holder has started", async () => {
    const directory = createDirectory();
    await using first = start();
    await using second = start();
    await first.acquire(directory);
    const { pid = 0 } = await first.tell("spawn");
    try {
      await first.kill();
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(await second.acquire(directory)).toEqual({ ok: true });
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  it("is seen from another container, both ways", async ({ skip }) => {
    skip(containerRefusal !== "", `no namespaces here: ${containerRefusal}`);
    for (const [holder, starter] of [
      [[], container],
      [container, []],
    ] as const) {
      const directory = createDirectory();
      await using first = start(holder);
      await using second = start(starter);
      expect(await first.acquire(directory)).toEqual({ ok: true });

      const refusal = await second.acquire(directory);

      expect(refusal).toMatchObject({ name: "DirectoryLockedError" });
      expect(refusal.message).toContain("(as counted in another container)");
    }
  });
});

describe.each([
  ["system", "system", "one"],
  ["busybox", "busybox", "one"],
  ["none", "none", "one"],
  ["none", "none", "two"],
  ["system", "none", "two"],
] as const)("two starters at once, flock %s and %s, in %s container(s)", (one, two, containers) => {
  it(`get one lock, in each of ${rounds} rounds`, async ({ skip }) => {
    const isApart = containers === "two";
    skip(isApart && containerRefusal !== "", `no namespaces here: ${containerRefusal}`);
    const starters = [
      new LockProgram(paths[one]),
      new LockProgram(paths[two], isApart ? container : []),
    ];
    let directory = createDirectory();
    try {
      for (let round = 0; round < rounds; round += 1) {
        // A new directory now and then: the first lock in one has nothing to go by.
        if (round % 5 === 0) directory = createDirectory();
        const order = Math.random() < 0.5 ? [0, 1] : [1, 0];
        const answers = await Promise.all(
          order.map(async (i) => ({ i, ...(await starters[i]!.acquire(directory)) })),
        );
        const [winner, ...others] = answers.filter(({ ok }) => ok);
        expect({ round, winner, others }).toEqual({ round, winner: expect.anything(), others: [] });
        const loser = answers.find(({ ok }) => !ok);
        expect(loser).toMatchObject({ name: "DirectoryLockedError" });
        // A number that a killed server leaves is what starters race for next.
        if (round % 7 === 0 && winner!.i === 0) {
          await starters[0]!.kill();
          starters[0] = new LockProgram(paths[one]);
        } else await starters[winner!.i]!.tell("release");
      }
    } finally {
      await Promise.all(starters.map((starter) => starter.kill()));
    }
  }, 600_000);
});

it("a server without the command and one with it keep each other off", async () => {
  for (const [one, two] of [
    ["system", "none"],
    ["none", "system"],
  ] as const) {
    const directory = createDirectory();
    await using first = new LockProgram(paths[one]);
    await using second = new LockProgram(paths[two]);
    expect(await first.acquire(directory)).toEqual({ ok: true });
    expect(await second.acquire(directory)).toMatchObject({ foundBy: "socket" });
    await first.tell("release");
    expect(await second.acquire(directory)).toEqual({ ok: true });
  }
});

it("a disk too full for sockets and notes costs those, not the lock of flock", async ({ skip }) => {
  skip(containerRefusal !== "", `no namespaces here: ${containerRefusal}`);
  const directory = createDirectory();
  // Room for the root, the folder and the file; seen by these programs alone.
  const mount = `${findCommand("mount")} -t tmpfs -o nr_inodes=3 tmpfs "$0" && exec "$@"`;
  const onFullDisk = [unshare ?? "", "--mount", "--", "/bin/sh", "-c", mount, directory];
  await using withFlock = new LockProgram(paths.system, onFullDisk);
  expect(await withFlock.acquire(directory)).toEqual({ ok: true });
  expect(await withFlock.acquire(directory)).toMatchObject({ foundBy: "flock" });

  await using without = new LockProgram(paths.none, onFullDisk);
  expect(await without.acquire(directory)).toMatchObject({
    name: "DirectoryLockError",
    message: expect.stringMatching(/the command flock .* is missing, .*: listen ENOSPC/),
  });
});
