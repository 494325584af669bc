import type { Argument, Command, Option } from "commander";

/** A word that may stand at the cursor. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What may stand at the cursor: some of these words, or a path, which the shell knows better. */
export type Completion =
  { readonly kind: "words"; readonly candidates: readonly Candidate[] } | { readonly kind: "path" };

/** What only the server knows. */
export interface NameSource {
  processes(): Promise<readonly Candidate[]>;
  channels(processName: string): Promise<readonly Candidate[]>;
}

const path: Completion = { kind: "path" };
const pathValue = /^<(path|file)>$/;

/**
 * What may stand in the place of the last of the words, by the definitions of the commands: their names,
 * their options and the choices of these, names of processes and channels.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  names: NameSource,
): Promise<Completion> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const { command, rest } = descend(program, before);
  const { pending, operands, isPastOptions } = readWords(command, rest);
  if (pending !== undefined) return await completeValue(pending, "", current, names);
  const [, flag, value] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined && value !== undefined && !isPastOptions) {
    const option = findOption(command, flag);
    return option === undefined ? none() : completeValue(option, `${flag}=`, value, names);
  }
  if (current.startsWith("-") && !isPastOptions) return ofWords(optionsOf(command), current);
  const commands = operands.length === 0 ? subcommandsOf(command) : [];
  if (commands.length > 0) return ofWords(commands, current);
  return await completeArgument(command, operands, current, names);
}

/** The command that the words name, and what follows it. */
function descend(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  let command = program;
  let at = 0;
  for (; at < words.length; at += 1) {
    const next = command.commands.find((one) => one.name() === words[at]);
    if (next === undefined) break;
    command = next;
  }
  return { command, rest: words.slice(at) };
}

interface ReadWords {
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  readonly operands: readonly string[];
  readonly isPastOptions: boolean;
}

function readWords(command: Command, words: readonly string[]): ReadWords {
  const operands: string[] = [];
  let pending: Option | undefined;
  let isPastOptions = false;
  const takesOthersOptions = command.registeredArguments.some(({ variadic }) => variadic);
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (word === "--" && !isPastOptions) isPastOptions = true;
    else if (word.startsWith("-") && word !== "-" && !isPastOptions) {
      const option = findOption(command, word);
      if (option?.required === true) pending = option;
    } else {
      operands.push(word);
      // What follows the program of `run` are its own options.
      isPastOptions ||= takesOthersOptions;
    }
  }
  return { pending, operands, isPastOptions };
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => flag === long || flag === short);
}

async function completeValue(
  option: Option,
  prefix: string,
  current: string,
  names: NameSource,
): Promise<Completion> {
  const value = /<.*>/.exec(option.flags)?.[0] ?? "";
  if (pathValue.test(value)) return path;
  const candidates =
    value === "<process>"
      ? await names.processes()
      : (option.argChoices ?? []).map((word) => ({ word, description: "" }));
  return ofWords(
    candidates.map(({ word, description }) => ({ word: `${prefix}${word}`, description })),
    `${prefix}${current}`,
  );
}

async function completeArgument(
  command: Command,
  operands: readonly string[],
  current: string,
  names: NameSource,
): Promise<Completion> {
  const known = command.registeredArguments;
  const argument: Argument | undefined =
    known[operands.length] ?? known.find(({ variadic }) => variadic);
  if (argument === undefined) return none();
  if (argument.argChoices !== undefined)
    return ofWords(
      argument.argChoices.map((word) => ({ word, description: "" })),
      current,
    );
  switch (argument.name()) {
    case "process":
      return ofWords(await names.processes(), current);
    case "channel":
      return ofWords(await names.channels(operands[0] ?? ""), current);
    case "program":
    case "args":
      return path;
    default:
      return none();
  }
}

function optionsOf(command: Command): readonly Candidate[] {
  const own = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, flags, description }) => ({ word: long ?? flags, description }));
  return [...own, { word: "--help", description: "display help for command" }];
}

function subcommandsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), description: one.description() }));
}

function ofWords(candidates: readonly Candidate[], current: string): Completion {
  return { kind: "words", candidates: candidates.filter(({ word }) => word.startsWith(current)) };
}

function none(): Completion {
  return ofWords([], "");
}
