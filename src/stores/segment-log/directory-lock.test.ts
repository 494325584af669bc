import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { randomId } from "../../core/system.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { DirectoryLockError, DirectoryLockedError } from "./directory-lock-error.ts";
import { acquireDirectoryLock } from "./directory-lock.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "jobwire-lock-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

async function refusalOf(attempt: Promise<unknown>): Promise<DirectoryLockError> {
  return await attempt.then(
    () => expect.unreachable("it was locked"),
    (error: unknown) => {
      if (error instanceof DirectoryLockError) return error;
      throw error;
    },
  );
}

describe("the lock of a directory", () => {
  it("is refused while it is held, by an error that names the holder", async () => {
    const clock = new FakeClock(Date.UTC(2026, 4, 3, 2, 1));
    const lock = await acquireDirectoryLock(directory, { system: { clock, randomId } });

    const refusal = await refusalOf(acquireDirectoryLock(directory));

    expect(refusal).toBeInstanceOf(DirectoryLockedError);
    expect(refusal).toMatchObject({
      directory,
      holder: { pid: process.pid, lockedAt: clock.now() },
    });
    expect(refusal.message).toContain(`process ${process.pid} on "`);
    expect(refusal.message).toContain("since 2026-05-03T02:01:00.000Z");
    await lock.release();
  });

  it("is free when it was released, however often", async () => {
    const first = await acquireDirectoryLock(directory);
    await Promise.all([first.release(), first.release()]);
    const second = await acquireDirectoryLock(directory);
    await first.release();

    expect(await refusalOf(acquireDirectoryLock(directory))).toBeInstanceOf(DirectoryLockedError);
    await second.release();
  });

  it("is one, whatever path leads to the directory", async () => {
    const lock = await acquireDirectoryLock(directory);
    const alias = `${directory}-alias`;
    symlinkSync(directory, alias);
    try {
      expect(await refusalOf(acquireDirectoryLock(alias))).toBeInstanceOf(DirectoryLockedError);
    } finally {
      rmSync(alias);
    }
    await lock.release();
  });

  it("is refused also where the holder's note is no note", async () => {
    const lock = await acquireDirectoryLock(directory);
    for (const note of ["", '{"pid":', "null", '{"pid":1,"host":"a","lockedAt":1e99}']) {
      writeFileSync(join(directory, "lock", "holder.json"), note);
      const refusal = await refusalOf(acquireDirectoryLock(directory));
      expect(refusal).toBeInstanceOf(DirectoryLockedError);
      expect(refusal.message).toContain("it has left no name");
    }
    await lock.release();
  });

  it("is not taken, and leaves nothing, when unsafeNoLock says so", async () => {
    const [one, two] = await Promise.all([
      acquireDirectoryLock(directory, { unsafeNoLock: true }),
      acquireDirectoryLock(directory, { unsafeNoLock: true }),
    ]);
    expect(existsSync(join(directory, "lock"))).toBe(false);
    await Promise.all([one.release(), two.release()]);
  });

  it("fails for a directory that is not there, with the system's error as its cause", async () => {
    const missing = join(directory, "missing");

    const refusal = await refusalOf(acquireDirectoryLock(missing));

    expect(refusal).toMatchObject({ directory: missing, cause: { code: "ENOENT" } });
    expect(refusal).not.toBeInstanceOf(DirectoryLockedError);
  });
});

describe.runIf(process.platform === "linux")("the answer of the command flock", () => {
  const stubFlock = (script: string): void => {
    const path = join(directory, "flock");
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    vi.stubEnv("PATH", directory);
  };

  it("is not believed where a second lock on the same file is given", async () => {
    stubFlock("exit 0");

    expect((await refusalOf(acquireDirectoryLock(directory))).message).toContain(
      "its file system does not keep locks",
    );
  });

  it.each(["/bin/rm $file", "/bin/rm $file; : > $file"])(
    "counts for nothing after %s",
    async (removal) => {
      stubFlock(`file=${join(directory, "lock", "file")}; ${removal}; exit 0`);

      expect((await refusalOf(acquireDirectoryLock(directory))).message).toContain(
        "was replaced while it was locked",
      );
    },
  );

  it.each([
    ["echo 'flock: No locks available' >&2; exit 1", "exit code 1: flock: No locks available"],
    ["echo 'flock: 3: Bad file descriptor' >&2; exit 65", "exit code 65: flock: 3: Bad file"],
    ["exit 2", "exit code 2"],
    ["kill -TERM $$", "signal SIGTERM"],
  ])("%s is neither yes nor no", async (script, message) => {
    stubFlock(script);

    const refusal = await refusalOf(acquireDirectoryLock(directory));

    expect(refusal).not.toBeInstanceOf(DirectoryLockedError);
    expect(refusal.message).toContain(message);
  });

  it("is waited for 10 s at most", async () => {
    stubFlock("exec /bin/sleep 1000");
    const clock = new FakeClock();
    const refusal = refusalOf(acquireDirectoryLock(directory, { system: { clock, randomId } }));
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);

    expect((await refusal).message).toContain("not answered within 10000 ms");
  });
});
