import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import type { CommandLine } from "./command-line.ts";
import { configVariable } from "./configuration-file.ts";
import { commonSettings } from "./configuration.ts";
import { explainFailure } from "./connection.ts";
import { describeExitCodes, ExitCode } from "./exit-code.ts";
import { formatTable } from "./terminal-text.ts";
import { ReaderGoneError, say, type Terminal } from "./terminal.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as {
  readonly version: string;
};

type AddCommand = (program: Command, commandLine: CommandLine) => void;

/** In the order in which they are listed. A command that starts must not wait until the others are loaded. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import("./commands/serve.ts")).addServeCommand,
  run: async () => (await import("./commands/run.ts")).addRunCommand,
  attach: async () => (await import("./commands/attach.ts")).addAttachCommand,
  tail: async () => (await import("./commands/tail.ts")).addTailCommand,
  replay: async () => (await import("./commands/replay.ts")).addReplayCommand,
  export: async () => (await import("./commands/export.ts")).addExportCommand,
  send: async () => (await import("./commands/send.ts")).addSendCommand,
  ps: async () => (await import("./commands/ps.ts")).addPsCommand,
  inspect: async () => (await import("./commands/inspect.ts")).addInspectCommand,
  cancel: async () => (await import("./commands/cancel.ts")).addCancelCommand,
  close: async () => (await import("./commands/close.ts")).addCloseCommand,
  delete: async () => (await import("./commands/delete.ts")).addDeleteCommand,
  console: async () => (await import("./commands/console.ts")).addConsoleCommand,
  grant: async () => (await import("./commands/grant.ts")).addGrantCommand,
  token: async () => (await import("./commands/token.ts")).addTokenCommand,
  store: async () => (await import("./commands/store.ts")).addStoreCommand,
  completion: async () => (await import("./commands/completion.ts")).addCompletionCommand,
};

/**
 * All commands, or only the one that a command line begins with. `enablePositionalOptions` is what lets
 * `run` pass options through to its program.
 */
export async function createProgram(commandLine: CommandLine, firstWord = ""): Promise<Command> {
  const { stdout, stderr } = commandLine.terminal;
  const program = new Command("jobwire")
    .description("Durable, ordered, two-way channels between a running job and whoever started it.")
    .version(version, "-V, --version", "print the version")
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("Run it with --help to see what it takes.")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    })
    .addHelpText(
      "after",
      `
Examples:
  jobwire serve                        # a server on this machine
  jobwire run --name train -- ./train  # any program: its output and input become channels
  jobwire attach train                 # from another terminal: see all of it, type into it
  jobwire tail train > train.log       # its output alone

Environment:
${describeEnvironment()}
${describeExitCodes()}`,
    );
  const named = Object.entries(commands).filter(([name]) => name === firstWord);
  const loads = named.length > 0 ? named.map(([, load]) => load) : Object.values(commands);
  // Subcommands take over what was set so far.
  for (const add of await Promise.all(loads.map((load) => load()))) add(program, commandLine);
  return program;
}

function describeEnvironment(): string {
  const lines: [string, string][] = Object.values(commonSettings).map(
    ({ variable, description }) => [variable, description],
  );
  lines.push([configVariable, "file with settings: docs/configuration.md"]);
  return formatTable(
    lines.map(([variable, description]) => [`  ${variable}`, description]),
  ).trimEnd();
}

/** Runs one command line to its end and returns what to exit with. Never throws. */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  // Timers of ours keep nobody alive; a command is over when it says so.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    const commandLine = { terminal, setExitCode: (code: ExitCode) => (exitCode = code) };
    const program = await createProgram(commandLine, args[0]);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error instanceof ReaderGoneError) return ExitCode.ok;
    const { message, exitCode: code } = explainFailure(error);
    say(terminal, message);
    return code;
  } finally {
    clearInterval(alive);
  }
}
