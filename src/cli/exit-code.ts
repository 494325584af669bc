import type { Outcome } from "../core/process-record.ts";
import { constants } from "node:os";

/** What the commands exit with; `run` exits with its program's code once the program has started. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  notFound: 5,
  notExecutable: 126,
  programNotFound: 127,
  interrupted: 130,
} as const;

export type ExitCode = number;

const meanings: readonly (readonly [ExitCode, string])[] = [
  [ExitCode.ok, "success"],
  [ExitCode.failure, "failure that no other code names"],
  [ExitCode.usage, "wrong usage: unknown option, bad value, ambiguous name"],
  [ExitCode.unreachable, "the server cannot be reached"],
  [ExitCode.refused, "refused: no valid token, or not permitted"],
  [ExitCode.notFound, "process, channel or grant not found"],
  [ExitCode.interrupted, "interrupted"],
];

/** The part of every `--help` that says what the exit codes mean. */
export function describeExitCodes(lines: readonly string[] = []): string {
  const all = [
    ...meanings.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    ...lines,
  ];
  return `\nExit codes:\n${all.join("\n")}\n`;
}

/** Shells' form for a program that a signal ended: 128 + number of the signal. */
export function exitCodeOfSignal(signal: string): ExitCode {
  const number = (constants.signals as Readonly<Record<string, number | undefined>>)[signal];
  return number === undefined ? ExitCode.failure : 128 + number;
}

/** The exit code that repeats how a process ended. */
export function exitCodeOfOutcome(outcome: Outcome | undefined): ExitCode {
  if (outcome === undefined) return ExitCode.failure;
  if (outcome.signal !== undefined) return exitCodeOfSignal(outcome.signal);
  if (outcome.exitCode !== undefined) return outcome.exitCode & 0xff;
  if (outcome.status === "success") return ExitCode.ok;
  return outcome.status === "cancelled" ? ExitCode.interrupted : ExitCode.failure;
}

/** A failure that the person at the terminal is to read as it is: what happened, then what to do. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}
