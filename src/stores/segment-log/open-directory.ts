import { mkdir, readFile, stat } from "node:fs/promises";
import { hasCode } from "./error-code.ts";
import { acquireDirectoryLock } from "./directory-lock.ts";
import { NodeDirectory } from "./node-directory.ts";
import { SegmentLogStore } from "./segment-log-store.ts";
import type { SegmentLogStoreOptions } from "./store-opening.ts";

export interface OpenDirectoryOptions extends Omit<
  SegmentLogStoreOptions,
  "directory" | "bootId" | "onClosed"
> {
  /** Takes no lock: whoever asks for it sees to it that one program uses the directory. */
  readonly unsafeNoLock?: boolean;
}

/**
 * Opens the store in a directory of this machine, which is made if it is not there, and keeps other programs
 * off it. Errors: `DirectoryLockedError`, `DirectoryLockError`, and those of `SegmentLogStore.open`.
 */
export async function openSegmentLogStore(
  path: string,
  { unsafeNoLock = false, ...options }: OpenDirectoryOptions = {},
): Promise<SegmentLogStore> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { system } = options;
  const lock = await acquireDirectoryLock(path, {
    unsafeNoLock,
    ...(system === undefined ? {} : { system }),
  });
  try {
    return await SegmentLogStore.open({
      ...options,
      directory: new NodeDirectory(path),
      bootId: await readBootId(),
      onClosed: () => lock.release(),
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Whether a store was begun in the directory. */
export async function hasStore(path: string): Promise<boolean> {
  try {
    return (await stat(`${path}/store.json`)).isFile();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** New at each start of the machine. Empty where the system does not tell: then each start counts as one. */
async function readBootId(): Promise<string> {
  try {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  } catch {
    return "";
  }
}
