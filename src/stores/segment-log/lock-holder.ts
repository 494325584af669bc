import { readFileSync, readlinkSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { System } from "../../core/system.ts";
import { hasCode } from "./error-code.ts";
import { newSuffix } from "./socket-lock.ts";

/** Who says to have a directory's lock. It proves nothing, and is good for naming only. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Wall time in milliseconds since 1970. */
  readonly lockedAt: number;
  /** Changes with every start of the machine. Linux only, like the next one. */
  readonly bootId?: string;
  /** In which the pid counts: a container's server is process 1 of its own. */
  readonly pidNamespace?: string;
}

const noteName = "holder.json";
// A full disk may cost the name of the holder; it must not keep a server from starting.
const noSpace = ["ENOSPC", "EDQUOT"] as const;

export function describeThisProcess(lockedAt: number): LockHolder {
  const holder = { pid: process.pid, host: hostname(), lockedAt };
  if (process.platform !== "linux") return holder;
  return {
    ...holder,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    pidNamespace: readlinkSync("/proc/self/ns/pid"),
  };
}

/** Called by whoever holds the lock. */
export async function writeHolder(
  folder: string,
  holder: LockHolder,
  { randomId }: Pick<System, "randomId">,
): Promise<void> {
  const path = join(folder, noteName);
  const temporary = `${path}.${randomId(8)}${newSuffix}`;
  try {
    await writeFile(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (!noSpace.some((code) => hasCode(error, code))) throw error;
  }
}

/** Called by the holder before it lets go: the next one's note must not be taken away. */
export async function removeHolder(folder: string): Promise<void> {
  await rm(join(folder, noteName), { force: true });
}

/** Undefined where none was left, or what is there is no such note. */
export async function readHolder(folder: string): Promise<LockHolder | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(join(folder, noteName), "utf8"));
    return isHolder(note) ? note : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isHolder(note: unknown): note is LockHolder {
  if (typeof note !== "object" || note === null) return false;
  const { pid, host, lockedAt, bootId, pidNamespace } = note as Record<string, unknown>;
  return (
    Number.isSafeInteger(pid) &&
    typeof host === "string" &&
    typeof lockedAt === "number" &&
    Number.isFinite(new Date(lockedAt).getTime()) &&
    ["string", "undefined"].includes(typeof bootId) &&
    ["string", "undefined"].includes(typeof pidNamespace)
  );
}

/** For people, as seen from `here`. */
export function describeHolder(holder: LockHolder, here: LockHolder): string {
  const { pid, host, lockedAt, bootId, pidNamespace } = holder;
  const boot = bootId === undefined ? "" : `, boot ${bootId}`;
  const since = new Date(lockedAt).toISOString();
  const place =
    bootId !== here.bootId
      ? " (another machine, or before it was started again)"
      : pidNamespace !== here.pidNamespace
        ? " (as counted in another container)"
        : "";
  return `process ${pid}${place} on ${JSON.stringify(host)} since ${since}${boot}`;
}
