import { spawnSync } from "node:child_process";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { ExitCode } from "../../src/cli/exit-code.ts";
import { commandPath } from "../cli-world.ts";

// Each module costs about a millisecond of every start.
const modulesMax = 120;

/** Prints the address of each module that is loaded. */
const hooks = `
  import { writeSync } from "node:fs";
  export async function load(url, context, next) {
    writeSync(1, url + "\\n");
    return await next(url, context);
  }`;
const dataUrl = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`;
const registration = `import { register } from "node:module"; register(${JSON.stringify(dataUrl(hooks))});`;

beforeAll(() => ensureBuilt());

it.each([
  ["ps", []],
  ["tail", ["p"]],
  ["attach", ["p"]],
  ["send", ["p", "in", "text"]],
  ["run", ["true"]],
])("%s loads no other command, and few modules before its first request", (name, args) => {
  const options = ["--import", dataUrl(registration), commandPath];
  const where = ["--url", "http://127.0.0.1:1", "--data-directory", "/nonexistent"];
  const { stdout, status } = spawnSync(process.execPath, [...options, name, ...where, ...args], {
    encoding: "utf8",
  });
  expect(status).toBe(ExitCode.unreachable);
  const modules = stdout.split("\n").filter((url) => url.startsWith("file:"));
  const commands = modules.flatMap(
    (url) => /\/dist\/cli\/commands\/(.*)\.js$/.exec(url)?.[1] ?? [],
  );
  expect(commands).toEqual([name]);
  expect(modules.length).toBeLessThan(modulesMax);
});
