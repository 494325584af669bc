import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import type { CommandResult } from "./command.ts";
import { matchesText } from "./expected-output.ts";
import { runHttp } from "./http-snippet.ts";
import type { PageWorld } from "./page-world.ts";
import { withoutSetUp } from "./set-up-command.ts";
import type { Snippet } from "./snippet.ts";

/** Runs a snippet as a reader would, and throws unless it succeeds and gives what the page shows. */
export async function runSnippet(snippet: Snippet, world: PageWorld): Promise<void> {
  switch (snippet.language) {
    case "json":
      JSON.parse(snippet.code);
      return;
    case "http":
      return runHttp(await fillIn(snippet.code, world), snippet.expected, world.url);
    case "sh":
    case "bash":
      return runShell(snippet, world);
    case "ts":
    case "js":
      return runModule(snippet, world);
    default:
      throw new Error(`no way to run ${snippet.language}`);
  }
}

async function runShell({ code, expected }: Snippet, world: PageWorld): Promise<void> {
  const script = withoutSetUp(code).trim();
  if (script === "") return;
  const result = await runScript(script, world);
  requireSuccess(result, expected);
}

/** With the variables of the snippets above, and leaving its own to those below. */
async function runScript(script: string, world: PageWorld): Promise<CommandResult> {
  const { variablesPath: path, directory, environment } = world;
  // A server in the foreground would go on for ever: being ready is what it has to do here. Its data
  // directory is no other snippet's.
  const isServer = /^(npx )?jobwire serve\b/.test(script.split("\n").at(-1) ?? "");
  const ownData = `JOBWIRE_DATA_DIRECTORY='${join(directory, "data-of-its-own")}'`;
  const last = isServer ? ownData : `trap 'export -p > ${path}' EXIT`;
  const before = `set -aeo pipefail; [ ! -f ${path} ] || . ${path}; ${last}`;
  return world.commands.run("bash", ["-c", `${before}\n${script}`], {
    directory,
    environment,
    ...(isServer ? { endAfter: /http:\/\/\S+\s/ } : {}),
  });
}

async function runModule(snippet: Snippet, world: PageWorld): Promise<void> {
  const name = `${snippet.page.replace(/\W+/g, "-")}-${snippet.line}.mjs`;
  const path = join(world.codeDirectory, name);
  const { outputText } = ts.transpileModule(snippet.code, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  await writeFile(path, snippet.language === "ts" ? outputText : snippet.code);
  requireSuccess(await runScript(`exec node ${path}`, world), snippet.expected);
}

function requireSuccess({ exitCode, stdout, stderr }: CommandResult, expected?: string): void {
  const output = `\n${stdout}${stderr === "" ? "" : `\nstandard error:\n${stderr}`}`;
  if (exitCode !== 0) throw new Error(`ended with ${exitCode ?? "a signal"}:${output}`);
  if (expected === undefined || matchesText(expected, stdout)) return;
  throw new Error(`printed otherwise than the page shows:${output}`);
}

/** Puts in what `$NAME` stands for: a variable of the page, or one that a shell snippet above has set. */
async function fillIn(text: string, world: PageWorld): Promise<string> {
  const names = new Set(Array.from(text.matchAll(/\$([A-Z_]+)/g), ([, name = ""]) => name));
  const values = new Map<string, string>();
  for (const name of names) {
    const { stdout } = await runScript(`printf %s "$${name}"`, world);
    if (stdout === "") throw new Error(`nothing above sets $${name}`);
    values.set(name, stdout);
  }
  return text.replace(/\$([A-Z_]+)/g, (_, name: string) => values.get(name) ?? "");
}
