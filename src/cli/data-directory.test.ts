import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
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

describe("data directory", () => {
  it("is open to its owner only", async () => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it("refuses a directory that others can enter", async () => {
    await chmod(directory, 0o755);
    await expect(requireDataDirectory(directory)).rejects.toThrow("chmod 700");
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
