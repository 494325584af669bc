import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import arrows from "./arrows.mjs";
import { findViolations } from "./cruise.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every permitted arrow once. */
const permitted: Record<string, string[]> = {
  "src/index.ts": ["./core/index.ts", "./stores/memory/memory-store.ts"],
  "src/core/index.ts": ["./entry.ts"],
  "src/core/entry.ts": [],
  "src/core/entry.test.ts": ["vitest", "node:fs", "../testing/index.ts", "./entry.ts"],
  "src/protocol/index.ts": ["../core/index.ts"],
  "src/server/index.ts": ["../core/index.ts", "../protocol/index.ts", "node:http", "fastify"],
  "src/client/index.ts": ["../core/index.ts", "../protocol/index.ts"],
  "src/console/main.tsx": ["../client/index.ts", "./app/app.tsx", "preact"],
  "src/console/app/app.tsx": ["preact"],
  "src/stores/memory/memory-store.ts": ["../../core/index.ts", "./memory-log.ts"],
  "src/stores/memory/memory-log.ts": [],
  "src/stores/segment-log/segment-log-store.ts": ["../../core/index.ts", "node:fs"],
  "src/testing/index.ts": ["../core/index.ts", "node:net"],
  "src/cli/main.ts": [
    "../client/index.ts",
    "../protocol/index.ts",
    "../server/index.ts",
    "../stores/segment-log/segment-log-store.ts",
    "../testing/index.ts",
    "commander",
    "node:process",
  ],
};

/** One violation for each rule: the file that gets one import too many. */
const planted: [rule: string, file: string, target: string][] = [
  ["no-cycles", "src/core/entry.ts", "./index.ts"],
  ["core-stands-alone", "src/core/node.ts", "node:fs"],
  ["core-stands-alone", "src/core/package.ts", "fastify"],
  ["core-stands-alone", "src/core/wire.ts", "../protocol/index.ts"],
  ["protocol-knows-only-core", "src/protocol/door.ts", "../server/index.ts"],
  ["protocol-without-node", "src/protocol/file.ts", "node:fs"],
  ["server-knows-only-core-and-protocol", "src/server/peer.ts", "../client/index.ts"],
  ["client-knows-only-core-and-protocol", "src/client/peer.ts", "../server/index.ts"],
  ["client-without-node", "src/client/socket.ts", "node:net"],
  ["console-knows-only-client", "src/console/log.ts", "../core/index.ts"],
  ["console-without-node", "src/console/app/file.tsx", "node:fs"],
  ["nothing-imports-the-console", "src/cli/page.ts", "../console/main.tsx"],
  ["stores-knows-only-core", "src/stores/memory/wire.ts", "../../protocol/index.ts"],
  ["stores-know-no-other-store", "src/stores/segment-log/cache.ts", "../memory/memory-store.ts"],
  ["testing-knows-only-core", "src/testing/wire.ts", "../protocol/index.ts"],
  ["testing-without-packages", "src/testing/suite.ts", "vitest"],
  ["index-knows-core-and-memory-store", "src/index.ts", "./server/index.ts"],
  ["only-cli-chooses-stores", "src/server/default.ts", "../stores/memory/memory-store.ts"],
  ["nothing-imports-tests", "src/core/fixture.ts", "./entry.test.ts"],
  ["product-uses-declared-dependencies", "src/cli/probe.ts", "vitest"],
];

const importOf = (target: string) => `import * as part from "${target}";\nvoid part;\n`;

/** A project of its own with these imports, that sees the packages installed here. */
async function createProject(files: Record<string, string[]>) {
  const project = await realpath(await mkdtemp(join(tmpdir(), "jobwire-arrows-")));
  for (const [file, targets] of Object.entries(files)) {
    await mkdir(dirname(join(project, file)), { recursive: true });
    await writeFile(join(project, file), [...targets.map(importOf), "export {};\n"].join(""));
  }
  const manifest = {
    dependencies: { commander: "*", "eventsource-parser": "*", fastify: "*" },
    devDependencies: { preact: "*", vitest: "*" },
  };
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  return {
    project,
    [Symbol.asyncDispose]: () => rm(project, { recursive: true, force: true }),
  };
}

describe("the arrows between the parts", () => {
  it("hold in the source", async () => {
    expect(await findViolations(root)).toEqual([]);
  });

  it("allow what the design allows", async () => {
    await using world = await createProject(permitted);

    expect(await findViolations(world.project)).toEqual([]);
  });

  it("report a planted violation of every rule", async () => {
    const files = { ...permitted };
    for (const [, file, target] of planted) files[file] = [...(files[file] ?? []), target];
    await using world = await createProject(files);

    const found = await findViolations(world.project);

    const reported = new Set(found.map(({ rule, from }) => `${rule}: ${from}`));
    for (const [rule, file] of planted) expect(reported).toContain(`${rule}: ${file}`);
    expect(new Set(planted.map(([rule]) => rule))).toEqual(
      new Set(arrows.forbidden.map(({ name }) => name)),
    );
  });
});
