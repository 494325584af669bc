import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, isMissing, reasonOf, requirePrivate } from "./data-directory.ts";
import { CommandError, ExitCode } from "./exit-code.ts";

const secretBytes = 32;
const secretName = "secret";

/** A secret of the server, and until when one that was replaced still counts. */
export interface Secret {
  readonly value: Uint8Array;
  /** Wall time in milliseconds since 1970; undefined for the one that signs. */
  readonly validUntil?: number;
}

/** The secret that signs local tokens: made by whoever comes first, the same for everyone after. */
export async function ensureSecret(directory: string): Promise<Uint8Array> {
  return (await readSecret(directory)) ?? (await createSecret(directory));
}

/** The secret that signs, or undefined where no server was ever started. */
export async function readSecret(directory: string): Promise<Uint8Array | undefined> {
  return (await readSecrets(directory))[0]?.value;
}

/** The secret that signs. Throws `CommandError` where no server was ever started. */
export async function requireSecret(directory: string): Promise<Uint8Array> {
  const secret = await readSecret(directory);
  if (secret === undefined) throw noSecret(directory);
  return secret;
}

/** All that are in the file, the one that signs first. Empty where no server was ever started. */
export async function readSecrets(directory: string): Promise<readonly Secret[]> {
  const path = join(directory, secretName);
  const text = await readPrivateFile(path);
  if (text === undefined) return [];
  await requirePrivate(directory, "directory", "chmod 700");
  const secrets = text.trim().split("\n").map(parseSecret);
  if (secrets.every((secret) => secret !== undefined) && secrets[0]?.validUntil === undefined)
    return secrets;
  throw new CommandError(
    `${path} does not hold a secret; remove it and start the server again`,
    ExitCode.failure,
  );
}

/** Text of a file that only its user can read, or undefined if there is none. Throws `CommandError`. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
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
  await requirePrivate(path, "file", "chmod 600");
  return text;
}

/**
 * Signs with a new secret from now on; those before it count until they lapse, the last one for
 * `overlapMs` more. The file is replaced in one step. Throws `CommandError` where there is none yet.
 */
export async function rotateSecret(
  directory: string,
  { now, overlapMs }: { readonly now: number; readonly overlapMs: number },
): Promise<void> {
  const path = join(directory, secretName);
  const next = `${path}.next`;
  const file = await openNext(next);
  try {
    try {
      // Read only now: two rotations at once must not forget each other's secret.
      const [current, ...earlier] = await readSecrets(directory);
      if (current === undefined) throw noSecret(directory);
      const replaced: Secret = { value: current.value, validUntil: now + overlapMs };
      const kept = [replaced, ...earlier].filter(({ validUntil = 0 }) => validUntil > now);
      const secrets: readonly Secret[] = [{ value: randomBytes(secretBytes) }, ...kept];
      await file.writeFile(secrets.map(formatSecret).join(""));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

function noSecret(directory: string): CommandError {
  return new CommandError(
    `no server was ever started with the data directory ${directory}\nTokens are made where the server runs; name its folder with --data-directory.`,
    ExitCode.notFound,
  );
}

/** Exclusive: whoever has it is the only one that replaces the secret. */
async function openNext(path: string): ReturnType<typeof open> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if (isMissing(error)) throw noSecret(join(path, ".."));
    if (!hasCode(error, "EEXIST")) throw error;
    throw new CommandError(
      `another rotation is under way, or one was broken off; if nothing else rotates, remove ${path}`,
      ExitCode.failure,
      { cause: error },
    );
  }
}

function parseSecret(line: string): Secret | undefined {
  const [, encoded = "", until] = /^([\w-]+)(?: until (\S+))?\s*$/.exec(line) ?? [];
  const value = Buffer.from(encoded, "base64url");
  const validUntil = until === undefined ? undefined : Date.parse(until);
  if (value.byteLength < secretBytes || Number.isNaN(validUntil)) return undefined;
  return { value, ...(validUntil === undefined ? {} : { validUntil }) };
}

function formatSecret({ value, validUntil }: Secret): string {
  const until = validUntil === undefined ? "" : ` until ${new Date(validUntil).toISOString()}`;
  return `${Buffer.from(value).toString("base64url")}${until}\n`;
}

/** A link of a complete file is exclusive and atomic: two starters end up with one secret, never half of one. */
async function createSecret(directory: string): Promise<Uint8Array> {
  const path = join(directory, secretName);
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    await writeDurable(temporary, formatSecret({ value: randomBytes(secretBytes) }));
    await link(temporary, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return await requireSecret(directory);
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

/** A rename is on disk once its directory is; where directories cannot be opened the system sees to it. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
