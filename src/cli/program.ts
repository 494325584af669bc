import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import type { CommandLine } from "./command-line.ts";
import { addAttachCommand } from "./commands/attach.ts";
import { addCancelCommand } from "./commands/cancel.ts";
import { addCloseCommand } from "./commands/close.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addDeleteCommand } from "./commands/delete.ts";
import { addGrantCommand } from "./commands/grant.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addPsCommand } from "./commands/ps.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSendCommand } from "./commands/send.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addStoreCommand } from "./commands/store.ts";
import { addTailCommand } from "./commands/tail.ts";
import { addTokenCommand } from "./commands/token.ts";
import { configVariable } from "./configuration-file.ts";
import { commonSettings } from "./configuration.ts";
import { explainFailure } from "./connection.ts";
import { describeExitCodes, ExitCode } from "./exit-code.ts";
import { formatTable } from "./terminal-text.ts";
import { ReaderGoneError, say, type Terminal } from "./terminal.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as {
  readonly version: string;
};

/** All commands. `enablePositionalOptions` is what lets `run` pass options through to its program. */
export function createProgram(commandLine: CommandLine): Command {
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
  // Subcommands take over what was set so far.
  addServeCommand(program, commandLine);
  addRunCommand(program, commandLine);
  addAttachCommand(program, commandLine);
  addTailCommand(program, commandLine);
  addSendCommand(program, commandLine);
  addPsCommand(program, commandLine);
  addInspectCommand(program, commandLine);
  addCancelCommand(program, commandLine);
  addCloseCommand(program, commandLine);
  addDeleteCommand(program, commandLine);
  addGrantCommand(program, commandLine);
  addTokenCommand(program, commandLine);
  addStoreCommand(program, commandLine);
  addCompletionCommand(program, commandLine);
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
    const program = createProgram({ terminal, setExitCode: (code) => (exitCode = code) });
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
