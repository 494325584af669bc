import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { randomId } from "../../core/system.ts";
import { acquirePipeLock, pipeNameOf } from "./pipe-lock.ts";

// Linux has names that are like those of Windows' pipes: of one process, and gone with it.
const createName = (): string =>
  process.platform === "win32" ? `\\\\.\\pipe\\${randomId(20)}` : `\0${randomId(20)}`;

it.runIf(["linux", "win32"].includes(process.platform))("a name is held by one", async () => {
  const name = createName();
  const first = await acquirePipeLock(name);
  expect(await acquirePipeLock(name)).toEqual({ refusedBy: "named pipe" });
  if (!("release" in first)) throw new Error("it was not free");
  await first.release();
  const second = await acquirePipeLock(name);
  expect(second).toHaveProperty("release");
  if ("release" in second) await second.release();
});

it("a folder has one name by every path, and no other folder has it", () => {
  const world = mkdtempSync(join(tmpdir(), "jobwire-lock-"));
  try {
    symlinkSync(world, join(world, "alias"));
    expect(pipeNameOf(join(world, "alias"))).toBe(pipeNameOf(world));
    expect(pipeNameOf(tmpdir())).not.toBe(pipeNameOf(world));
  } finally {
    rmSync(world, { recursive: true });
  }
});
