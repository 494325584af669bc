import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { defaultSystem, type System } from "../../core/system.ts";
import { DirectoryLockError, DirectoryLockedError } from "./directory-lock-error.ts";
import { acquireLinuxLock } from "./linux-lock.ts";
import { describeThisProcess, readHolder, removeHolder, writeHolder } from "./lock-holder.ts";
import type { LockOutcome } from "./lock-outcome.ts";
import { acquireOpenLock } from "./open-lock.ts";
import { acquirePipeLock, pipeNameOf } from "./pipe-lock.ts";

export interface DirectoryLockOptions {
  readonly system?: System | undefined;
  /** Takes no lock. Two servers on one directory destroy what is in it. */
  readonly unsafeNoLock?: boolean | undefined;
}

/** Kept until it is released, or until the process ends, in whatever way. Does not keep the process alive. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** In the locked directory; has all that belongs to the lock, and is never removed. */
export const lockFolderName = "lock";
const lockFileName = "file";

/**
 * Keeps other servers off a directory, which has to be there. Throws `DirectoryLockedError` if one has it
 * already, and `DirectoryLockError` if nothing here can keep them off.
 */
export async function acquireDirectoryLock(
  directory: string,
  { system = defaultSystem, unsafeNoLock = false }: DirectoryLockOptions = {},
): Promise<DirectoryLock> {
  if (unsafeNoLock) return { release: async () => undefined };
  try {
    return await acquireLock(directory, system);
  } catch (error) {
    if (error instanceof DirectoryLockError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DirectoryLockError(directory, reason, { cause: error });
  }
}

async function acquireLock(directory: string, system: System): Promise<DirectoryLock> {
  const here = describeThisProcess(system.clock.now());
  const folder = join(await realpath(directory), lockFolderName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const outcome = await acquireOnThisPlatform(folder, system);
  if ("refusedBy" in outcome) {
    const holder = await readHolder(folder);
    throw new DirectoryLockedError(directory, { foundBy: outcome.refusedBy, holder, here });
  }
  try {
    await writeHolder(folder, here, system);
  } catch (error) {
    await outcome.release();
    throw error;
  }
  let released: Promise<void> | undefined;
  return {
    release: () => (released ??= removeHolder(folder).finally(() => outcome.release())),
  };
}

async function acquireOnThisPlatform(folder: string, system: System): Promise<LockOutcome> {
  switch (process.platform) {
    case "linux":
      return await acquireLinuxLock(folder, join(folder, lockFileName), system);
    case "darwin":
      return acquireOpenLock(join(folder, lockFileName));
    case "win32":
      return await acquirePipeLock(pipeNameOf(folder));
    default:
      throw new Error(`nothing is known that keeps others off on ${process.platform}`);
  }
}
