import { closeSync, constants, openSync } from "node:fs";
import { link, readdir, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { join } from "node:path";
import type { RandomId, System } from "../../core/system.ts";
import { hasCode } from "./error-code.ts";
import { closeServer, isListening, listenAt } from "./listening-socket.ts";

/** `unavailable`: no socket can be made in this folder, and nobody is seen to hold it by one. */
export type SocketLock =
  | { readonly status: "held"; readonly release: () => Promise<void> }
  | { readonly status: "refused" }
  | { readonly status: "unavailable"; readonly cause: unknown };

const turnPattern = /^(\d+)\.socket$/;
/** Of files that are not in place yet; what a killed process left of them, the next holder removes. */
export const newSuffix = ".new";

/**
 * Locks a folder by a socket in it. Turns have numbers: `7.socket` is the socket of whoever held the folder last,
 * and holds it still if it can be connected to; that ends with its process and needs no cleaning. Sockets are
 * found by file, so also from other containers (an abstract name would not be), but within one kernel only.
 *
 * Why at most one holds it: a socket listens before it gets the number after the highest, by a link, which one
 * starter alone can make. So a number that cannot be connected to is of one that has ended; and the highest
 * number stays until a higher one is there, so a starter that looked too long ago finds one above its own.
 */
export async function acquireSocketLock(
  folder: string,
  { randomId }: Pick<System, "randomId">,
): Promise<SocketLock> {
  const socket = new FolderSocket(folder);
  let lock: SocketLock | undefined;
  try {
    lock = await takeTurn(socket, randomId);
    return lock;
  } finally {
    if (lock?.status !== "held") await socket.close();
  }
}

async function takeTurn(socket: FolderSocket, randomId: RandomId): Promise<SocketLock> {
  const { folder } = socket;
  const last = await readHighestTurn(folder);
  if (await socket.isListening(nameOf(last))) return { status: "refused" };
  const turn = last + 1;
  const newName = `${randomId(16)}${newSuffix}`;
  try {
    await socket.listen(newName);
    await link(join(folder, newName), join(folder, nameOf(turn)));
  } catch (cause) {
    // Somebody else has this number already, or holds the folder and has tidied it up.
    if (hasCode(cause, "EEXIST") || hasCode(cause, "ENOENT")) return { status: "refused" };
    return { status: "unavailable", cause };
  }
  if ((await readHighestTurn(folder)) > turn) return { status: "refused" };
  await removeLeftovers(folder, turn);
  return { status: "held", release: () => socket.close() };
}

/** Sockets by their names in a folder, of which this process may have one. */
class FolderSocket {
  readonly folder: string;
  readonly #descriptor: number;
  #server: Server | undefined;

  constructor(folder: string) {
    this.folder = folder;
    this.#descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  async listen(name: string): Promise<void> {
    this.#server = await listenAt(this.#at(name));
  }

  isListening(name: string): Promise<boolean> {
    return isListening(this.#at(name));
  }

  async close(): Promise<void> {
    // Closing a server removes the path that it listened at: the descriptor has to be the folder's until then.
    if (this.#server !== undefined) await closeServer(this.#server);
    closeSync(this.#descriptor);
  }

  /** A socket's path has at most 107 bytes; through the descriptor it is short, whatever the folder's. */
  #at(name: string): string {
    return `/proc/self/fd/${this.#descriptor}/${name}`;
  }
}

function nameOf(turn: number): string {
  return `${turn}.socket`;
}

/** 0 where nobody ever held the folder. */
async function readHighestTurn(folder: string): Promise<number> {
  return Math.max(0, ...(await readdir(folder)).map(turnOf));
}

/** 0 for the name of anything else. */
function turnOf(name: string): number {
  return Number(turnPattern.exec(name)?.[1] ?? 0);
}

async function removeLeftovers(folder: string, turn: number): Promise<void> {
  const names = await readdir(folder);
  const leftovers = names.filter(
    (name) => name.endsWith(newSuffix) || (turnOf(name) > 0 && turnOf(name) < turn),
  );
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
}
