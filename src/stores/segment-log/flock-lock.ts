import { spawn } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import type { Clock } from "../../core/system.ts";
import { hasCode } from "./error-code.ts";

/** It answers within milliseconds; a network file system may keep it waiting for ever. */
const commandMsMax = 10_000;
const complaintLengthMax = 1_000;

/**
 * Locks a file by the command `flock`, for as long as this process lives or until the returned function is
 * called. The command locks the open file that it inherits, which is this process's too, and ends; so the lock
 * stays here, and goes with the last descriptor however the process ends. Throws where locks are not kept.
 */
export async function acquireFlock(
  path: string,
  clock: Clock,
): Promise<(() => void) | "refused" | "no command"> {
  const descriptor = openLockFile(path);
  let isHeld = false;
  try {
    const answer = await runFlock(descriptor, clock);
    if (answer !== "held") return answer;
    requireSameFile(path, descriptor);
    await requireRefusal(path, clock);
    isHeld = true;
    return () => closeSync(descriptor);
  } finally {
    if (!isHeld) closeSync(descriptor);
  }
}

/** A number, not a `FileHandle`: that one would close the file, and end the lock, when nobody refers to it. */
function openLockFile(path: string): number {
  // For writing: NFS locks exclusively only what is open for it.
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

/** A lock on a file that was taken away between opening and locking keeps nobody out. */
function requireSameFile(path: string, descriptor: number): void {
  const locked = fstatSync(descriptor, { bigint: true });
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (locked.dev === named?.dev && locked.ino === named.ino) return;
  throw new Error(`${path} was replaced while it was locked`);
}

/** Some network and user-space file systems say yes to every lock. */
async function requireRefusal(path: string, clock: Clock): Promise<void> {
  const second = openLockFile(path);
  try {
    if ((await runFlock(second, clock)) === "refused") return;
  } finally {
    closeSync(second);
  }
  throw new Error("its file system does not keep locks: a second lock on the same file was given");
}

function runFlock(descriptor: number, clock: Clock): Promise<"held" | "refused" | "no command"> {
  return new Promise((resolve, reject) => {
    // No other options: BusyBox has fewer, and exits for an unknown one as it does for a refusal.
    const child = spawn("flock", ["-n", "-x", "3"], {
      stdio: ["ignore", "ignore", "pipe", descriptor],
    });
    const timer = clock.after(commandMsMax, () => {
      child.kill("SIGKILL");
      // Not when it has ended: what waits for a dead file server may not even be killed.
      reject(new Error(`the command flock has not answered within ${commandMsMax} ms`));
    });
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      complaint = (complaint + chunk).slice(0, complaintLengthMax);
    });
    child.once("error", (error) => {
      timer.cancel();
      if (hasCode(error, "ENOENT")) resolve("no command");
      else reject(error);
    });
    child.once("close", (code, signal) => {
      timer.cancel();
      if (code === 0) resolve("held");
      // BusyBox exits with 1 for every failure, but says nothing only when it was refused.
      else if (code === 1 && complaint === "") resolve("refused");
      else {
        const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
        reject(new Error(`the command flock ended with ${end}: ${complaint.trim()}`));
      }
    });
  });
}
