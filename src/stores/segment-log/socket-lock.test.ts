import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomId, type RandomId } from "../../core/system.ts";
import { acquireSocketLock, type SocketLock } from "./socket-lock.ts";

let folder: string;

beforeEach(() => {
  // Longer than a socket's path can be.
  folder = mkdtempSync(join(tmpdir(), `jobwire-lock-${"x".repeat(120)}-`));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function acquire(system: { randomId: RandomId } = { randomId }): Promise<SocketLock> {
  return await acquireSocketLock(folder, system);
}

async function acquireHeld(): Promise<SocketLock & { status: "held" }> {
  const lock = await acquire();
  if (lock.status !== "held") throw new Error(`it is ${lock.status}`);
  return lock;
}

/** Takes effect between a starter's look at the folder and its own step. */
const meanwhile = (event: () => void): { randomId: RandomId } => ({
  randomId: (length) => {
    event();
    return randomId(length);
  },
});

describe.runIf(process.platform === "linux")("the lock by a socket", () => {
  it("is held by one at a time, and leaves the number of its last holder", async () => {
    const first = await acquireHeld();
    expect(readdirSync(folder)).toEqual(["1.socket"]);
    expect(await acquire()).toEqual({ status: "refused" });
    await first.release();
    expect(readdirSync(folder)).toEqual(["1.socket"]);
    const second = await acquireHeld();
    expect(readdirSync(folder)).toEqual(["2.socket"]);
    await second.release();
  });

  it("removes what killed servers left, and nothing else", async () => {
    for (const name of ["3.socket", "9.socket", "10.socket", "abc.new", "file", "holder.json"]) {
      writeFileSync(join(folder, name), "");
    }
    const lock = await acquireHeld();
    expect(readdirSync(folder).sort()).toEqual(["11.socket", "file", "holder.json"]);
    await lock.release();
  });

  it("is refused to a starter that another one has overtaken", async () => {
    const taken = meanwhile(() => writeFileSync(join(folder, "1.socket"), ""));
    expect(await acquire(taken)).toEqual({ status: "refused" });
    expect(readdirSync(folder)).toEqual(["1.socket"]);
  });

  it("is refused to a starter whose number was given and taken back long ago", async () => {
    writeFileSync(join(folder, "4.socket"), "");
    const passed = meanwhile(() => writeFileSync(join(folder, "7.socket"), ""));
    expect(await acquire(passed)).toEqual({ status: "refused" });
    // What it has left stands in nobody's way.
    const lock = await acquireHeld();
    expect(readdirSync(folder)).toEqual(["8.socket"]);
    await lock.release();
  });

  it("is unavailable where no socket can be made", async () => {
    const vanishing = meanwhile(() => rmSync(folder, { recursive: true }));
    const lock = await acquire(vanishing);
    expect(existsSync(folder)).toBe(false);
    expect(lock).toEqual({ status: "unavailable", cause: expect.any(Error) });
  });
});
