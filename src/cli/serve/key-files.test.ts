import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireDataDirectory } from "../data-directory.ts";
import { readSecret, rotateSecret } from "../secret-file.ts";
import { openKeyFiles, type KeyOptions } from "./key-files.ts";

const none: KeyOptions = {
  secretFile: undefined,
  publicKeyFiles: [],
  jwksUrl: undefined,
  audience: undefined,
  issuer: undefined,
};
let parent: string;
let directory: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "jobwire-keys-"));
  directory = await requireDataDirectory(join(parent, "data"));
  path = join(parent, "key");
});

afterEach(() => rm(parent, { recursive: true }));

const createKeys = (): { publicKey: string; privateKey: string } => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
};

describe("openKeyFiles", () => {
  it("makes the server's own secret, which is the one that signs", async () => {
    const { keys } = await openKeyFiles(directory, none);
    expect(keys).toEqual([{ kind: "hmac", secret: await readSecret(directory) }]);
  });

  it("takes keys of others besides, with what their tokens must say", async () => {
    const { publicKey } = createKeys();
    await writeFile(path, publicKey);
    const secretFile = join(parent, "shared");
    await writeFile(secretFile, `${"s".repeat(32)}\n`, { mode: 0o600 });
    const issued = { audience: "jobwire", issuer: "us" };
    const jwksUrl = "https://keys.example.org";
    const options = { ...issued, secretFile, publicKeyFiles: [path], jwksUrl };
    const { keys } = await openKeyFiles(directory, options);
    expect(keys.slice(1)).toEqual([
      { kind: "hmac", secret: Buffer.from("s".repeat(32)), ...issued },
      { kind: "public", key: publicKey, ...issued },
      { kind: "jwks", url: jwksUrl, ...issued },
    ]);
  });

  it("reads again what has changed, and only then", async () => {
    await writeFile(path, createKeys().publicKey);
    const { reload } = await openKeyFiles(directory, { ...none, publicKeyFiles: [path] });
    expect(await reload?.()).toBeUndefined();
    const { publicKey } = createKeys();
    await writeFile(path, publicKey);
    expect(await reload?.()).toMatchObject([{ kind: "hmac" }, { kind: "public", key: publicKey }]);
    expect(await reload?.()).toBeUndefined();
    await rotateSecret(directory, { now: Date.now(), overlapMs: 60_000 });
    expect(await reload?.()).toMatchObject([
      { kind: "hmac", secret: await readSecret(directory) },
      { kind: "hmac", validUntil: expect.any(Number) },
      { kind: "public" },
    ]);
  });

  it("refuses what is no public key, with the file's name and without what is in it", async () => {
    const { privateKey } = createKeys();
    await writeFile(path, privateKey);
    const opened = openKeyFiles(directory, { ...none, publicKeyFiles: [path] });
    await expect(opened).rejects.toThrow(
      `${path}: a public key is expected, and this one is private`,
    );
    await writeFile(path, "nonsense");
    const again = openKeyFiles(directory, { ...none, publicKeyFiles: [path] });
    await expect(again).rejects.toThrow(`${path}: a public key is expected`);
    const absent = openKeyFiles(directory, { ...none, publicKeyFiles: [`${path}-none`] });
    await expect(absent).rejects.toThrow("cannot read the key");
  });

  it("refuses a secret that is short, missing, or readable by others", async () => {
    const open = () => openKeyFiles(directory, { ...none, secretFile: path });
    await expect(open()).rejects.toThrow("there is no secret");
    await writeFile(path, "short\n", { mode: 0o600 });
    await expect(open()).rejects.toThrow("at least 32 bytes");
    await writeFile(path, "s".repeat(40));
    await chmod(path, 0o640);
    await expect(open()).rejects.toThrow("chmod 600");
  });

  it("refuses a set of keys that anyone on the way could replace", async () => {
    const options = { ...none, jwksUrl: "http://keys.example.org", audience: "a" };
    await expect(openKeyFiles(directory, options)).rejects.toThrow("must begin with https://");
  });
});
