import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { isOnLocalFileSystem } from "./local-file-system.ts";

it.runIf(process.platform === "linux")("only a known file system is local", async () => {
  expect(await isOnLocalFileSystem(tmpdir())).toBe(true);
  expect(await isOnLocalFileSystem("/proc")).toBe(false);
});
