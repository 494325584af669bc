import { InvalidArgumentError, Option, type Command } from "commander";
import type { Api } from "./api.ts";
import {
  defaultUrl,
  resolveConfiguration,
  type CommonFlags,
  type Configuration,
} from "./configuration.ts";
import { connect } from "./connection.ts";
import { describeExitCodes, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** What the commands are built with. */
export interface CommandLine {
  readonly terminal: Terminal;
  /** Told by each action how it ended. */
  readonly setExitCode: (code: ExitCode) => void;
}

export interface HelpTexts {
  /** Lines as a person would type them, each with what it is for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  readonly exitCodes?: readonly string[];
  readonly notes?: string;
}

/** Examples, environment and exit codes below the options of a command. */
export function addHelpTexts(
  command: Command,
  { examples, exitCodes = [], notes = "" }: HelpTexts,
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `  ${line.padEnd(width)}  # ${purpose}`);
  const text = `\nExamples:\n${lines.join("\n")}\n${notes === "" ? "" : `\n${notes}\n`}`;
  return command.addHelpText("after", text + describeExitCodes(exitCodes));
}

/** The options of every command that talks to a server. */
export function addServerOptions(command: Command): Command {
  return command
    .option(
      "--url <url>",
      `address of the server (JOBWIRE_URL; else where one of this machine listens, ${defaultUrl})`,
    )
    .addOption(dataDirectoryOption())
    .addHelpText(
      "after",
      "\nA server elsewhere wants a token: JOBWIRE_TOKEN. On the same machine none is needed.",
    );
}

export function dataDirectoryOption(): Option {
  return new Option(
    "--data-directory <path>",
    "folder of the server's data (JOBWIRE_DATA_DIRECTORY; else XDG data home)",
  );
}

export function configure(flags: CommonFlags, { terminal }: CommandLine): Configuration {
  return resolveConfiguration(flags, terminal.environment);
}

export async function connectByFlags(flags: CommonFlags, commandLine: CommandLine): Promise<Api> {
  return await connect(configure(flags, commandLine));
}

/** A parser of whole numbers for options. */
export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}
