import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requireExecutable } from "./executable.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jobwire-executable-"));
  for (const [name, mode] of [
    ["program", 0o755],
    ["text", 0o644],
  ] as const) {
    await writeFile(join(folder, name), "");
    await chmod(join(folder, name), mode);
  }
  await mkdir(join(folder, "folder"));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ["program", undefined],
  ["text", "EACCES"],
  ["folder", "EACCES"],
  ["nothing", "ENOENT"],
  ["", "ENOENT"],
])("finds out what starting %j would say", (command, code) => {
  const check = () => requireExecutable(command, { PATH: `/no/folder:${folder}` });
  if (code === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code }));
});

it("looks at a path where it is one", () => {
  expect(() => requireExecutable(join(folder, "program"), { PATH: "" })).not.toThrow();
  expect(() => requireExecutable("./program", { PATH: folder })).toThrow(/no such/);
});
