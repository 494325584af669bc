import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  link,
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat as statOf,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { CommandError, ExitCode } from "./exit-code.ts";

const secretBytes = 32;
const secretName = "secret";
const serverName = "server.json";

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

/** The secret that signs local tokens: made by whoever comes first, the same for everyone after. */
export async function ensureSecret(directory: string): Promise<Uint8Array> {
  return (await readSecret(directory)) ?? (await createSecret(directory));
}

/** The secret, or undefined where no server was ever started. */
export async function readSecret(directory: string): Promise<Uint8Array | undefined> {
  const path = join(directory, secretName);
  let text: string;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      text = await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new CommandError(`cannot read ${path}: ${reasonOf(error)}`, ExitCode.refused, {
      cause: error,
    });
  }
  await requirePrivate(directory, "directory", "chmod 700");
  await requirePrivate(path, "file", "chmod 600");
  const secret = Buffer.from(text.trim(), "base64url");
  if (secret.byteLength >= secretBytes) return secret;
  throw new CommandError(
    `${path} does not hold a secret; remove it and start the server again`,
    ExitCode.failure,
  );
}

/** A link of a complete file is exclusive and atomic: two starters end up with one secret, never half of one. */
async function createSecret(directory: string): Promise<Uint8Array> {
  const path = join(directory, secretName);
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    await writeDurable(temporary, `${randomBytes(secretBytes).toString("base64url")}\n`);
    await link(temporary, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  const secret = await readSecret(directory);
  if (secret === undefined)
    throw new CommandError(`${path} was removed while it was made`, ExitCode.failure);
  return secret;
}

async function writeDurable(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
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

async function requirePrivate(
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
  // Windows has no such bits; its home directories are private by their access lists.
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new CommandError(
      `${path} is open to other users; close it with: ${remedy} ${path}`,
      ExitCode.refused,
    );
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
