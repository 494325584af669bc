import { closeSync, constants, openSync } from "node:fs";
import { hasCode } from "./error-code.ts";
import type { LockOutcome } from "./lock-outcome.ts";

// Of macOS's <fcntl.h>; node has no names for them.
const O_EXLOCK = 0x20;
const O_NONBLOCK = 0x4;

/** Locks a file while it is opened, as macOS can. Throws where such a lock keeps nobody out. */
export function acquireOpenLock(path: string): LockOutcome {
  const descriptor = tryOpen(path);
  if (descriptor === "refused") return { refusedBy: "exclusive open" };
  const second = tryOpen(path);
  if (second === "refused") return { release: async () => closeSync(descriptor) };
  closeSync(second);
  closeSync(descriptor);
  throw new Error("its file system does not keep locks: a second one on the same file was given");
}

function tryOpen(path: string): number | "refused" {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | O_EXLOCK | O_NONBLOCK, 0o600);
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return "refused";
    throw error;
  }
}
