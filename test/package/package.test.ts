import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { PageWorld } from "../docs/page-world.ts";
import { runSnippet } from "../docs/run-snippet.ts";
import { readSnippets } from "../docs/snippet.ts";
import { InstalledPackage, root } from "./installed-package.ts";

const toolPath = (name: string) => join(root, "node_modules", ".bin", name);

let installed: InstalledPackage;

beforeAll(async () => {
  ensureBuilt();
  installed = await InstalledPackage.create();
});
afterAll(() => installed[Symbol.asyncDispose]());

describe("the packed package", () => {
  it("carries what users need and nothing else", () => {
    const tops = new Set(installed.files.map((path) => path.split("/")[0]));

    expect([...tops].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "PROTOCOL.md",
      "README.md",
      "dist",
      "docs",
      "package.json",
    ]);
    expect(installed.files.filter((path) => /\.test\.|\/\./.test(path))).toEqual([]);
  });

  it("passes publint", async () => {
    const directory = join(installed.project, "node_modules", "jobwire");

    await installed.run(toolPath("publint"), "run", directory, "--strict", "--pack", "false");
  });

  it("passes the check of its types for every entry point", async () => {
    await installed.run(toolPath("attw"), installed.tarball, "--profile", "esm-only");
  });
});

describe("the installed package", () => {
  it("can be imported at every entry point", async () => {
    const entryPoints = await installed.entryPoints();
    expect(entryPoints).toContain("jobwire");

    for (const name of entryPoints) {
      const code = `console.log(Object.keys(await import(${JSON.stringify(name)})).length)`;
      const count = await installed.run("node", "--input-type=module", "--eval", code);
      expect(Number(count)).toBeGreaterThan(0);
    }
  });

  it("has types that a strict program can use", async () => {
    const options = ["--strict", "--target", "es2023", "--skipLibCheck", "--noEmit"];
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules", "@types")];
    const imports = (await installed.entryPoints()).map(
      (name, index) => `import * as part${index} from "${name}";\nvoid part${index};`,
    );
    await writeFile(join(installed.project, "consumer.ts"), `${imports.join("\n")}\n${consumer}`);

    for (const module of ["nodenext", "preserve"]) {
      const target = ["--module", module, "consumer.ts"];
      await installed.run(toolPath("tsc"), ...options, ...types, ...target);
    }
  });

  it("gives node a client with a WebSocket, and others one without", async () => {
    const code = `
      const { Jobwire } = await import("jobwire/client");
      const resolved = import.meta.resolve("jobwire/client");
      new Jobwire({ url: "http://127.0.0.1:1", token: "t", transport: "websocket" });
      console.log(resolved.split("/dist/")[1]);`;
    const run = (...options: string[]) =>
      installed.run("node", ...options, "--input-type=module", "--eval", code);

    expect(await run()).toBe("client/node.js\n");
    expect(await run("--conditions", "browser")).toBe("client/index.js\n");
  });

  it("has a command that says how it is used", async () => {
    expect(await installed.run("npx", "jobwire", "--help")).toContain("jobwire serve");
  });

  it("serves and runs a program", async () => {
    const data = join(installed.directory, "data");
    const server = spawn(
      join(installed.project, "node_modules", ".bin", "jobwire"),
      ["serve", "--json", "--port", "0", "--data-directory", data],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];

    try {
      const { url } = JSON.parse(line) as { readonly url: string };
      expect(await (await fetch(url)).text()).toContain("<title>Jobwire</title>");
      const program = ["node", "--eval", "console.log('from the job')"];
      await installed.run("npx", "jobwire", "run", "--name", "first", "--", ...program);
      const output = await installed.run("npx", "jobwire", "tail", "first", "stdout");
      expect(output).toBe("from the job\n");
    } finally {
      const exit = once(server, "exit");
      server.kill("SIGTERM");
      expect(await exit).toEqual([0, null]);
    }
  });
});

describe("the README in an empty folder", () => {
  const snippets = readSnippets("README.md", readFileSync(join(root, "README.md"), "utf8"));
  let world: PageWorld;

  beforeAll(async () => {
    const { project } = installed;
    const commandPath = join(project, "node_modules", "jobwire", "dist", "cli", "main.js");
    world = await PageWorld.create({ project, commandPath });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(snippets.map((snippet) => [snippet.line, snippet.language, snippet] as const))(
    "line %i: the %s works as printed with what was installed",
    async (_line, _language, snippet) => {
      await runSnippet(snippet, world);
    },
  );
});

/** The directives fail to compile where the types have silently become `any`. */
const consumer = `
import { ChannelError, MsgType, Router, isChannelError } from "jobwire";

const router = new Router();
router.create({ id: "c", processId: "p", name: "chat", submitterId: "alice" });
router.append("c", "alice", 1, 0, "hello");
for (const entry of router.readAfter("c", "alice", 0, 0)) {
  const sequence: number = entry.sequence;
  void [sequence, MsgType.End];
}
// @ts-expect-error a router has no such method
router.noSuchMethod();
try {
  router.get("d");
} catch (error) {
  if (isChannelError(error, "channel_not_found")) void (error satisfies ChannelError).code;
}
`;
