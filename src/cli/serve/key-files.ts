import { readFile } from "node:fs/promises";
import type { KeySource } from "../../server/authentication.ts";
import { prepareKey, type TokenKey } from "../../server/token-keys.ts";
import { reasonOf } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { ensureSecret, readPrivateFile, readSecrets } from "../secret-file.ts";

/** Keys beside the server's own secret, whose tokens others issue. */
export interface KeyOptions {
  /** Its bytes, without a line end behind them, are the secret. */
  readonly secretFile: string | undefined;
  readonly publicKeyFiles: readonly string[];
  readonly jwksUrl: string | undefined;
  /** Required of tokens of all these keys. */
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

/**
 * The keys in files, read again while the server runs: a secret that was rotated and a key that was
 * replaced count without a restart. Throws `CommandError` for what is no key.
 */
export async function openKeyFiles(directory: string, options: KeyOptions): Promise<KeySource> {
  await ensureSecret(directory);
  const keys = await readKeys(directory, options);
  let last = digest(keys);
  return {
    keys,
    reload: async () => {
      const current = await readKeys(directory, options);
      const changed = digest(current);
      if (changed === last) return undefined;
      last = changed;
      return current;
    },
  };
}

/** Only to tell whether anything has changed. */
function digest(keys: readonly TokenKey[]): string {
  return JSON.stringify(keys, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
}

async function readKeys(directory: string, options: KeyOptions): Promise<readonly TokenKey[]> {
  const { secretFile, publicKeyFiles, jwksUrl, audience, issuer } = options;
  const issued = {
    ...(audience === undefined ? {} : { audience }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  const keys: TokenKey[] = (await readSecrets(directory)).map(({ value, validUntil }) => ({
    kind: "hmac",
    secret: value,
    ...(validUntil === undefined ? {} : { validUntil }),
  }));
  if (secretFile !== undefined)
    keys.push(
      requireKey({ ...issued, kind: "hmac", secret: await readSecretOf(secretFile) }, secretFile),
    );
  for (const path of publicKeyFiles)
    keys.push(requireKey({ ...issued, kind: "public", key: await readKey(path) }, path));
  if (jwksUrl !== undefined && audience !== undefined)
    keys.push(requireKey({ ...issued, kind: "jwks", url: jwksUrl, audience }, jwksUrl));
  return keys;
}

async function readSecretOf(path: string): Promise<Uint8Array> {
  const text = await readPrivateFile(path);
  if (text !== undefined) return Buffer.from(text.replace(/\r?\n$/, ""));
  throw new CommandError(`there is no secret at ${path}`, ExitCode.failure);
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandError(`cannot read the key ${path}: ${reasonOf(error)}`, ExitCode.failure, {
      cause: error,
    });
  }
}

function requireKey(key: TokenKey, place: string): TokenKey {
  try {
    prepareKey(key);
    return key;
  } catch (error) {
    throw new CommandError(`${place}: ${reasonOf(error)}`, ExitCode.failure, { cause: error });
  }
}
