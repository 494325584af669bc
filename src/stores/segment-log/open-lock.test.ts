import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { acquireOpenLock } from "./open-lock.ts";

it.runIf(process.platform === "linux")("is not believed where opening locks nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "jobwire-lock-"));
  try {
    expect(() => acquireOpenLock(join(folder, "file"))).toThrow("does not keep locks");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
