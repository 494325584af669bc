import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findAllFaults, findFaults } from "./source-files.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the files of the project", () => {
  it("have telling names, a readable size and named exports", () => {
    expect(findAllFaults(root)).toEqual([]);
  });
});

describe("the check of the files", () => {
  it("accepts a file as it should be", () => {
    expect(findFaults("src/core/rate-limiter.ts", "export class RateLimiter {}\n")).toEqual([]);
    expect(findFaults("src/core/index.ts", 'export * from "./entry.ts";\n')).toEqual([]);
  });

  it.each([
    ["src/core/rateLimiter.ts", ""],
    ["src/core/utils.ts", ""],
    ["src/core/channel-manager.ts", ""],
    ["src/core/types.ts", ""],
    ["src/things/entry.ts", ""],
    ["src/entry.ts", ""],
    ["src/core/entry.ts", "\n".repeat(401)],
    ["src/core/entry.ts", "export default 1;\n"],
    ["src/core/entry.ts", "export default class Entry {}\n"],
    ["src/core/entry.ts", "const entry = 1;\nexport { entry as default };\n"],
    ["src/core/index.ts", "export const entry = 1;\n"],
  ])("reports a planted violation in %s", (path, text) => {
    expect(findFaults(path, text)).toHaveLength(1);
  });
});
