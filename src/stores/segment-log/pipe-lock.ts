import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { Server } from "node:net";
import { hasCode } from "./error-code.ts";
import { closeServer, listenAt } from "./listening-socket.ts";
import type { LockOutcome } from "./lock-outcome.ts";

/** The same for every path to the folder. */
export function pipeNameOf(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  const digest = createHash("sha256").update(`${dev}:${ino}`).digest("hex");
  return `\\\\.\\pipe\\jobwire-${digest.slice(0, 32)}`;
}

/** Listens at a name that Windows gives to one process at a time. Throws where a second one gets it, too. */
export async function acquirePipeLock(name: string): Promise<LockOutcome> {
  const server = await tryListen(name);
  if (server === "refused") return { refusedBy: "named pipe" };
  const second = await tryListen(name);
  if (second === "refused") return { release: () => closeServer(server) };
  await Promise.all([closeServer(second), closeServer(server)]);
  throw new Error("this system gives the name of a pipe to two processes");
}

async function tryListen(name: string): Promise<Server | "refused"> {
  try {
    return await listenAt(name);
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) return "refused";
    throw error;
  }
}
