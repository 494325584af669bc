import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Mistakes on purpose, each a text that the linter is given: the rule beside it has to report it. */
const planted: [file: string, rule: string, code: string][] = [
  ["src/server/a.ts", "@typescript-eslint/no-floating-promises", "Promise.resolve();"],
  [
    "src/server/b.ts",
    "@typescript-eslint/no-misused-promises",
    "[1].forEach(async () => Promise.resolve());",
  ],
  [
    "src/server/c.ts",
    "@typescript-eslint/no-unsafe-assignment",
    `export const a: number = JSON.parse("1");`,
  ],
  ["src/server/d.ts", "no-restricted-syntax", "export default 1;"],
  ["src/server/e.ts", "max-lines", "void 0;\n".repeat(401)],
  [
    "src/server/f.ts",
    "max-lines-per-function",
    `export function f(): void {\n${"  f();\n".repeat(71)}}`,
  ],
  ["src/core/a.ts", "no-restricted-syntax", "export const a = Date.now();"],
  ["src/core/b.ts", "no-restricted-syntax", "export const a = new Date();"],
  ["src/core/c.ts", "no-restricted-syntax", "export const a = Math.random();"],
  ["src/core/d.ts", "no-restricted-globals", "export const a = performance.now();"],
  ["src/core/e.ts", "no-restricted-globals", "setTimeout(() => undefined, 1);"],
  ["src/core/f.ts", "no-restricted-globals", "setInterval(() => undefined, 1);"],
  ["src/core/g.ts", "no-restricted-globals", "export const a = crypto.randomUUID();"],
  ["src/core/h.ts", "no-restricted-syntax", "export const a = globalThis.crypto;"],
  ["src/console/a.tsx", "@typescript-eslint/no-floating-promises", "Promise.resolve();"],
  ["src/console/b.tsx", "no-restricted-syntax", "export default 1;"],
  ["src/console/c.tsx", "max-lines", "void 0;\n".repeat(401)],
  ["test/a.test.ts", "@typescript-eslint/no-floating-promises", "Promise.resolve();"],
];

const permitted: [file: string, code: string][] = [
  ["src/core/system.ts", "export const now = () => Date.now();"],
  ["src/core/entry.test.ts", "setTimeout(() => undefined, Math.random());"],
  ["src/server/clock.ts", "export const later = (f: () => void) => setTimeout(f, 1);"],
];

let project: string;
let results: Map<string, string[]>;

/** The project's own configuration over a tree of its own: the rules need files and types, not only text. */
beforeAll(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), "jobwire-lint-")));
  for (const name of ["eslint.config.js", "tsconfig.json", "package.json"]) {
    await cp(join(root, name), join(project, name));
  }
  await mkdir(join(project, "src", "console"), { recursive: true });
  const consoleProgram = join("src", "console", "tsconfig.json");
  await cp(join(root, consoleProgram), join(project, consoleProgram));
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  for (const [file, code] of [...planted.map(([file, , code]) => [file, code]), ...permitted]) {
    await mkdir(dirname(join(project, file ?? "")), { recursive: true });
    await writeFile(join(project, file ?? ""), `${code}\nexport {};\n`);
  }
  const reports = await new ESLint({ cwd: project }).lintFiles(["src", "test"]);
  results = new Map(
    reports.map(({ filePath, messages }) => [
      filePath.slice(project.length + 1),
      messages.map(({ ruleId, message }) => ruleId ?? message),
    ]),
  );
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe("lint", () => {
  it.each(planted)("reports in %s a planted violation of %s", (file, rule) => {
    expect(results.get(file)).toContain(rule);
  });

  it("lets nobody write a type that stands for every type", async () => {
    const config: unknown = await new ESLint({ cwd: root }).calculateConfigForFile(
      "src/server/c.ts",
    );
    expect(config).toHaveProperty(["rules", "@typescript-eslint/no-explicit-any", 0], 2);
  });

  it.each(permitted)("accepts %s", (file) => {
    expect(results.get(file)).toEqual([]);
  });
});
