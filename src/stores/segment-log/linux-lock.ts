import type { System } from "../../core/system.ts";
import type { LockOutcome } from "./lock-outcome.ts";
import { acquireFlock } from "./flock-lock.ts";
import { isOnLocalFileSystem } from "./local-file-system.ts";
import { acquireSocketLock } from "./socket-lock.ts";

/**
 * By the command `flock` where there is one, and by a socket where there can be one. Both, because a server in
 * another container may be without the command; the socket alone only where one kernel sees all of them.
 */
export async function acquireLinuxLock(
  folder: string,
  lockFile: string,
  system: System,
): Promise<LockOutcome> {
  const flock = await acquireFlock(lockFile, system.clock);
  if (flock === "refused") return { refusedBy: "flock" };
  if (flock === "no command") return await acquireBySocketAlone(folder, system);
  let isHeld = false;
  try {
    const socket = await acquireSocketLock(folder, system);
    if (socket.status === "refused") return { refusedBy: "socket" };
    isHeld = true;
    if (socket.status === "unavailable") return { release: async () => flock() };
    return {
      release: async () => {
        await socket.release();
        flock();
      },
    };
  } finally {
    if (!isHeld) flock();
  }
}

async function acquireBySocketAlone(folder: string, system: System): Promise<LockOutcome> {
  let cause: unknown;
  if (await isOnLocalFileSystem(folder)) {
    const socket = await acquireSocketLock(folder, system);
    if (socket.status === "refused") return { refusedBy: "socket" };
    if (socket.status === "held") return socket;
    ({ cause } = socket);
  }
  const obstacle =
    cause instanceof Error ? cause.message : "its file system may be shared with other machines";
  throw new Error(
    `the command flock (of util-linux or BusyBox) is missing, and no socket can do its work: ${obstacle}`,
    { cause },
  );
}
