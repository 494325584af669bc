import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireDataDirectory } from "./data-directory.ts";
import { ensureSecret, readSecret, readSecrets, rotateSecret } from "./secret-file.ts";

let parent: string;
let directory: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "jobwire-secret-"));
  directory = await requireDataDirectory(join(parent, "a", "jobwire"));
  path = join(directory, "secret");
});

afterEach(() => rm(parent, { recursive: true }));

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

describe("the secret", () => {
  it("is open to its owner only", async () => {
    await ensureSecret(directory);
    expect(await modeOf(path)).toBe(0o600);
  });

  it("refuses a secret that others can read", async () => {
    await ensureSecret(directory);
    await chmod(join(directory, "secret"), 0o644);
    await expect(readSecret(directory)).rejects.toThrow("chmod 600");
  });

  it("refuses a secret that is a link to another file", async () => {
    await writeFile(join(parent, "other"), "x".repeat(64), { mode: 0o600 });
    await symlink(join(parent, "other"), join(directory, "secret"));
    await expect(readSecret(directory)).rejects.toThrow("cannot read");
  });

  it("refuses a secret that is too short", async () => {
    await writeFile(join(directory, "secret"), "c2hvcnQ\n", { mode: 0o600 });
    await expect(ensureSecret(directory)).rejects.toThrow("does not hold a secret");
  });

  it("gives starters at the same time one secret and leaves nothing else behind", async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => ensureSecret(directory)));
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString("hex"))).size).toBe(1);
    expect(secrets[0]!.byteLength).toBe(32);
    expect(await readdir(directory)).toEqual(["secret"]);
  });

  it("has no secret before a server was started", async () => {
    expect(await readSecret(directory)).toBeUndefined();
    expect(await readSecret(join(parent, "nowhere"))).toBeUndefined();
  });
});

describe("rotateSecret", () => {
  const now = Date.parse("2030-01-01T00:00:00Z");

  it("signs with another secret, and lets the old one count for the overlap", async () => {
    const old = await ensureSecret(directory);
    await rotateSecret(directory, { now, overlapMs: 1000 });
    const [current, earlier, ...more] = await readSecrets(directory);
    expect(current?.value).not.toEqual(old);
    expect(earlier).toEqual({ value: old, validUntil: now + 1000 });
    expect(more).toEqual([]);
    expect(await readSecret(directory)).toEqual(current?.value);
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(directory)).toEqual(["secret"]);
  });

  it("forgets what has lapsed and keeps the rest", async () => {
    await ensureSecret(directory);
    await rotateSecret(directory, { now, overlapMs: 1000 });
    await rotateSecret(directory, { now: now + 999, overlapMs: 5000 });
    expect((await readSecrets(directory)).map(({ validUntil }) => validUntil)).toEqual([
      undefined,
      now + 5999,
      now + 1000,
    ]);
    await rotateSecret(directory, { now: now + 1000, overlapMs: 0 });
    expect((await readSecrets(directory)).map(({ validUntil }) => validUntil)).toEqual([
      undefined,
      now + 5999,
    ]);
  });

  it("happens one at a time: a rotation under way refuses another and loses nothing", async () => {
    const old = await ensureSecret(directory);
    const rotations = await Promise.allSettled(
      Array.from({ length: 8 }, () => rotateSecret(directory, { now, overlapMs: 1000 })),
    );
    const done = rotations.filter(({ status }) => status === "fulfilled").length;
    expect(done).toBeGreaterThan(0);
    const secrets = await readSecrets(directory);
    expect(secrets).toHaveLength(done + 1);
    expect(secrets.at(-1)?.value).toEqual(old);
  });

  it("leaves the secret alone where an earlier rotation was broken off, and says what to remove", async () => {
    await ensureSecret(directory);
    const before = await readFile(path, "utf8");
    await writeFile(`${path}.next`, "", { mode: 0o600 });
    await expect(rotateSecret(directory, { now, overlapMs: 1000 })).rejects.toThrow("secret.next");
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("needs a secret to replace", async () => {
    await expect(rotateSecret(directory, { now, overlapMs: 1000 })).rejects.toThrow(
      "no server was ever started",
    );
    await expect(rotateSecret(join(parent, "nowhere"), { now, overlapMs: 1000 })).rejects.toThrow(
      "no server was ever started",
    );
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(["x", "c2hvcnQ", `${"a".repeat(64)} until tomorrow`, `${"a".repeat(64)}\n\nb`])(
    "refuses to read %j",
    async (text) => {
      await writeFile(path, text, { mode: 0o600 });
      await expect(readSecrets(directory)).rejects.toThrow("does not hold a secret");
    },
  );
});
