import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ensureSecret,
  readSecret,
  readServerNote,
  removeServerNote,
  requireDataDirectory,
  writeServerNote,
} from "./data-directory.ts";

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "jobwire-data-"));
  directory = await requireDataDirectory(join(parent, "a", "jobwire"));
});

afterEach(() => rm(parent, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("data directory", () => {
  it("is open to its owner only, and so is the secret", async () => {
    await ensureSecret(directory);
    expect(await modeOf(directory)).toBe(0o700);
    expect(await modeOf(join(directory, "secret"))).toBe(0o600);
  });

  it("refuses a directory that others can enter", async () => {
    await chmod(directory, 0o755);
    await expect(requireDataDirectory(directory)).rejects.toThrow("chmod 700");
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

describe("server note", () => {
  it("is read back, and removed only by the server that wrote it", async () => {
    await writeServerNote(directory, { url: "http://127.0.0.1:1", pid: 1 });
    await removeServerNote(directory, 2);
    expect(await readServerNote(directory)).toEqual({ url: "http://127.0.0.1:1", pid: 1 });
    await removeServerNote(directory, 1);
    expect(await readServerNote(directory)).toBeUndefined();
  });

  it("is as good as none when damaged", async () => {
    await writeFile(join(directory, "server.json"), "{");
    expect(await readServerNote(directory)).toBeUndefined();
  });
});
