import type { System } from "../../core/system.ts";
import type { LockOutcome } from "./lock-outcome.ts";
import { acquireFlock } from "./flock-lock.ts";
import { requireLocalFileSystem } from "./local-file-system.ts";
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
  await requireLocalFileSystem(folder);
  const socket = await acquireSocketLock(folder, system);
  if (socket.status === "refused") return { refusedBy: "socket" };
  if (socket.status === "held") return socket;
  throw new Error("without the command flock the lock is a socket, which cannot be made there", {
    cause: socket.cause,
  });
}
