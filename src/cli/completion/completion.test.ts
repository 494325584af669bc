import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld, createTerminal } from "../../../test/command-world.ts";
import { createProgram } from "../program.ts";
import { complete, type Candidate, type NameSource } from "./completion.ts";
import { shells, shellScripts } from "./shell-scripts.ts";

const execute = promisify(execFile);

const candidates = (...words: string[]): Promise<readonly Candidate[]> =>
  Promise.resolve(words.map((word) => ({ word, description: "" })));

const names: NameSource = {
  processes: () => candidates("@last", "train", "translate"),
  channels: (processName) => candidates(`${processName}-out`, "control"),
};

async function completeLine(line: string): Promise<readonly string[] | "path"> {
  const program = await createProgram({
    terminal: createTerminal({}),
    setExitCode: () => undefined,
  });
  const completion = await complete(program, line.split(" "), names);
  return completion.kind === "path" ? "path" : completion.candidates.map(({ word }) => word);
}

describe("complete", () => {
  it.each([
    ["se", ["serve", "send"]],
    ["grant ", ["create", "list", "revoke", "help"]],
    ["nonsense ", []],
    ["tail tra", ["train", "translate"]],
    ["tail --json tra", ["train", "translate"]],
    ["tail train ", ["train-out", "control"]],
    ["tail --from now train c", ["control"]],
    ["tail train out more", []],
    ["attach --la", ["--last"]],
    ["attach --last ", []],
    ["close train --status c", ["cancelled"]],
    ["close train --status=f", ["--status=failed"]],
    ["token --process tr", ["train", "translate"]],
    ["token --process=trai", ["--process=train"]],
    ["token ro", ["rotate"]],
    ["completion z", ["zsh"]],
    ["tail -- --", []],
    ["tail --output ", "path"],
    ["serve --config ", "path"],
    ["run ", "path"],
    ["run --qu", ["--quiet"]],
    ["run ls --qu", "path"],
    ["run -- ", "path"],
  ])("of %j", async (line, expected) => {
    expect(await completeLine(line)).toEqual(expected);
  });

  it("offers every option that is not hidden, and help", async () => {
    expect(await completeLine("ps --")).toEqual([
      "--all",
      "--json",
      "--url",
      "--data-directory",
      "--config",
      "--help",
    ]);
  });
});

describe("jobwire complete", () => {
  let commands: CommandWorld;

  beforeAll(async () => {
    commands = await CommandWorld.create();
    await commands.create({ id: "id-1", label: "named" });
    await commands.create({ id: "id-2", label: "two words; rm" });
    await commands.create({ id: "id-3" });
  });

  afterAll(() => commands[Symbol.asyncDispose]());

  it("asks the server for names, and offers none that needs quotes", async () => {
    const { stdout } = await commands.run(["complete", "--", "tail", ""]);
    expect(stdout.split("\n").filter(Boolean)).toEqual([
      "@last\tthe newest",
      "id-3\twaiting",
      "id-2\twaiting",
      "named\twaiting",
    ]);
    expect((await commands.run(["complete", "--", "tail", "named", ""])).stdout).toBe("out\t\n");
  });

  it("completes nothing where no server answers, and says nothing", async () => {
    const environment = { ...commands.environment, JOBWIRE_URL: "http://127.0.0.1:1" };
    const printed = await commands.run(["complete", "--", "tail", ""], { environment });
    expect(printed).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });
});

describe("jobwire completion", () => {
  it.each(shells)("prints a script that %s reads", async (shell) => {
    const program = (process.env.PATH ?? "")
      .split(delimiter)
      .map((directory) => join(directory, shell))
      .find((path) => existsSync(path));
    // Bash is part of what the tests need; the others are checked where they are installed.
    if (program === undefined && shell !== "bash") {
      process.stderr.write(`${shell} is not installed: its script is not read\n`);
      return;
    }
    await execute(program ?? shell, ["-n", "-c", shellScripts[shell]]);
  });

  it("knows no other shell", async () => {
    const terminal = createTerminal({});
    const program = await createProgram({ terminal, setExitCode: () => undefined });
    await expect(program.parseAsync(["completion", "csh"], { from: "user" })).rejects.toThrow(
      "Allowed choices are bash, zsh, fish",
    );
  });
});
