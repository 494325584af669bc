import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createTerminal } from "../../../test/command-world.ts";
import { defaultBrokerLimits } from "../../core/limits.ts";
import { defaultServerLimits } from "../../server/server-limits.ts";
import { allSettings, commonSettings } from "../configuration.ts";
import { createProgram, runCommandLine } from "../program.ts";
import { limitSettings } from "../serve/limit-settings.ts";

/** All commands, without what each of them does. */
async function createCommands(): Promise<{
  readonly program: Command;
  readonly all: readonly Command[];
}> {
  const program = await createProgram({
    terminal: createTerminal({}),
    setExitCode: () => undefined,
  });
  const below = (command: Command): readonly Command[] => [
    command,
    ...command.commands.flatMap(below),
  ];
  const all = below(program);
  for (const command of all) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    if (command !== program) command.action(() => undefined);
  }
  return { program, all };
}

const pathOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];

const paths = (await createCommands()).all
  .map(pathOf)
  .filter((path) => path.length > 0 && path[0] !== "complete");

async function helpOf(path: readonly string[]): Promise<string> {
  const terminal = createTerminal({});
  expect(await runCommandLine([...path, "--help"], terminal)).toBe(0);
  const { stdout, stderr } = terminal.printed();
  expect(stderr).toBe("");
  return stdout;
}

const commandOf = async (path: readonly string[]): Promise<Command> =>
  (await createCommands()).all.find((command) => pathOf(command).join(" ") === path.join(" "))!;

/** Command lines of a help's examples, of pipes and assignments only what is ours. */
function examplesOf(help: string): string[][] {
  const [, examples = ""] = /\nExamples:\n((?: {2}.*\n)+)/.exec(help) ?? [];
  return examples
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, own = ""] = /\bjobwire (.*?)(?:\)| *\|| >| <| {2,}#|$)/.exec(line) ?? [];
      return Array.from(own.matchAll(/'([^']*)'|"([^"]*)"|\S+/g), ([word, single, double]) =>
        String(single ?? double ?? word),
      );
    });
}

describe("--help of jobwire", () => {
  it("names every command, every variable of all of them, and the exit codes", async () => {
    const help = await helpOf([]);
    for (const [name] of paths) expect(help).toMatch(new RegExp(`^ {2}${name} `, "m"));
    for (const { variable } of Object.values(commonSettings)) expect(help).toContain(variable);
    expect(help).toContain("JOBWIRE_CONFIG");
    expect(help).toContain("Exit codes:");
    expect(help).not.toMatch(/^ {2}complete /m);
  });

  it("gives examples that the commands take", async () => {
    const examples = examplesOf(await helpOf([]));
    expect(examples.length).toBeGreaterThan(2);
    for (const words of examples)
      await (await createCommands()).program.parseAsync(words, { from: "user" });
  });
});

describe.each(paths.map((path) => [path.join(" "), path] as const))(
  "--help of %s",
  (name, path) => {
    it("names each option and argument with what it is for", async () => {
      const help = await helpOf(path);
      const { options, registeredArguments } = await commandOf(path);
      for (const { long, short, description } of options) {
        expect(help).toContain(long);
        if (short) expect(help).toContain(short);
        expect(description).not.toBe("");
      }
      for (const argument of registeredArguments) {
        expect(help).toContain(argument.name());
        expect(argument.description).not.toBe("");
      }
      expect(help).toContain("Exit codes:");
    });

    it("names the variable of each option that has one", async () => {
      const help = await helpOf(path);
      const longs = (await commandOf(path)).options.map(({ long }) => long);
      for (const { flag, variable } of allSettings) {
        const long = flag?.split(" ")[0];
        if (long !== undefined && longs.includes(long)) expect(help).toContain(variable);
      }
      if (longs.includes("--url")) expect(help).toContain("JOBWIRE_TOKEN");
      if (longs.includes("--config")) expect(help).toContain("JOBWIRE_CONFIG");
    });

    it("gives examples that the commands take, at least one of its own", async () => {
      const examples = examplesOf(await helpOf(path));
      expect(examples.map((words) => words.join(" "))).toContainEqual(
        expect.stringMatching(new RegExp(`^${name}\\b`)),
      );
      for (const words of examples)
        await (await createCommands()).program.parseAsync(words, { from: "user" });
    });
  },
);

describe("--help of serve", () => {
  it("names every limit with its default", async () => {
    const help = await helpOf(["serve"]);
    const defaults: Readonly<Record<string, unknown>> = {
      ...defaultBrokerLimits,
      ...defaultServerLimits,
    };
    for (const { name, part, defaultText } of limitSettings) {
      const line = help.split("\n").find((one) => one.startsWith(`  ${name} `))!;
      expect(line).toMatch(/\(default: \d+/);
      if (part !== "streams" && defaultText === undefined)
        expect(line).toContain(`(default: ${String(defaults[name])})`);
    }
  });

  it("offers every limit of the doors", () => {
    const names = limitSettings.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(defaultServerLimits)));
  });
});
