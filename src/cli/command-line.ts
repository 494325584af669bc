import { Option, type Command } from "commander";
import type { GrantOp } from "../core/process-record.ts";
import type { Api } from "./api.ts";
import { configVariable } from "./configuration-file.ts";
import {
  commonSettings,
  resolveConfiguration,
  type CommonFlags,
  type Configuration,
} from "./configuration.ts";
import { connect } from "./connection.ts";
import { describeExitCodes, type ExitCode } from "./exit-code.ts";
import { createOption, parseArgument } from "./setting.ts";
import type { Terminal } from "./terminal.ts";
import { choiceForm, durationForm, listForm, textForm, wholeNumberForm } from "./value-form.ts";

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
  const { variable, description } = commonSettings.token;
  return command
    .addOption(createOption(commonSettings.url))
    .addOption(dataDirectoryOption())
    .addOption(configOption())
    .addHelpText("after", `\n${variable}: ${description}.`);
}

export function dataDirectoryOption(): Option {
  return createOption(commonSettings.dataDirectory);
}

export function configOption(): Option {
  return new Option(
    "--config <file>",
    `file with settings (${configVariable}; default: jobwire/config.json in the XDG configuration home)`,
  );
}

interface DurationRange {
  readonly defaultText: string;
  readonly msMin?: number;
  readonly msMax?: number;
}

/** Milliseconds, written as a time. */
export function durationOption(
  flags: string,
  description: string,
  { defaultText, msMin = 1_000, msMax }: DurationRange,
): Option {
  const form = durationForm(msMin, msMax);
  return new Option(flags, description)
    .argParser((text) => parseArgument(form, text))
    .default(parseArgument(form, defaultText), defaultText);
}

export function channelsOption(): Option {
  return new Option("--channels <names>", "these channels only, commas between").argParser((text) =>
    parseArgument(listForm(textForm), text),
  );
}

export function opsOption(description: string): Option {
  const form = listForm(choiceForm(["read", "append", "cancel"] satisfies GrantOp[]));
  return new Option(
    "--ops <ops>",
    `${description}: read, append, cancel, commas between`,
  ).argParser((text) => parseArgument(form, text));
}

export function configure(flags: CommonFlags, { terminal }: CommandLine): Configuration {
  return resolveConfiguration(flags, terminal.environment);
}

export async function connectByFlags(flags: CommonFlags, commandLine: CommandLine): Promise<Api> {
  return await connect(configure(flags, commandLine));
}

/** A parser of whole numbers for options. */
export function parseInteger(min: number, max: number): (text: string) => number {
  const form = wholeNumberForm(min, max);
  return (text) => parseArgument(form, text);
}
