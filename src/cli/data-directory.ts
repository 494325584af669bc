import { lstat, mkdir, readFile, rename, rm, stat as statOf, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, ExitCode } from "./exit-code.ts";

const serverName = "server.json";

/** Where a server keeps the logs. */
export function storePathOf(dataDirectory: string): string {
  return join(dataDirectory, "store");
}

/** Where a running server of this data directory listens. */
export interface ServerNote {
  readonly url: string;
  readonly pid: number;
}

/** Makes the directory (0700) if need be. Throws `CommandError` if others could get in. */
export async function requireDataDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CommandError(
      `cannot make the data directory ${path}: ${reasonOf(error)}\nName another one with --data-directory or JOBWIRE_DATA_DIRECTORY.`,
      ExitCode.failure,
      { cause: error },
    );
  }
  await requirePrivate(path, "directory", "chmod 700");
  return path;
}

/** Lets the commands on this machine find the server without being told its address. */
export async function writeServerNote(directory: string, note: ServerNote): Promise<void> {
  const path = join(directory, serverName);
  const temporary = `${path}.${note.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

/** Undefined where no server left one; a damaged note is as good as none. */
export async function readServerNote(directory: string): Promise<ServerNote | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(join(directory, serverName), "utf8"));
    if (typeof note !== "object" || note === null) return undefined;
    if (
      !("url" in note) ||
      typeof note.url !== "string" ||
      !("pid" in note) ||
      typeof note.pid !== "number"
    )
      return undefined;
    return { url: note.url, pid: note.pid };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Takes the note away unless another server has replaced it. */
export async function removeServerNote(directory: string, pid: number): Promise<void> {
  if ((await readServerNote(directory))?.pid === pid)
    await rm(join(directory, serverName), { force: true });
}

/** Throws `CommandError` for what is not of this kind, of this user, and closed to all others. */
export async function requirePrivate(
  path: string,
  kind: "file" | "directory",
  remedy: string,
): Promise<void> {
  // A directory may be a link of the user's own making; a secret may not.
  const stat = await (kind === "file" ? lstat(path) : statOf(path));
  const isKind = kind === "file" ? stat.isFile() : stat.isDirectory();
  if (!isKind) throw new CommandError(`${path} is not a ${kind} of its own`, ExitCode.refused);
  const userId = process.getuid?.();
  if (userId !== undefined && stat.uid !== userId) {
    throw new CommandError(`${path} belongs to another user`, ExitCode.refused);
  }
  if (isOpenToOthers(stat)) {
    throw new CommandError(
      `${path} is open to other users; close it with: ${remedy} ${path}`,
      ExitCode.refused,
    );
  }
}

/** Windows has no such bits; its home directories are private by their access lists. */
export function isOpenToOthers({ mode }: { readonly mode: number }): boolean {
  return process.platform !== "win32" && (mode & 0o077) !== 0;
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
