import { Option, type Command } from "commander";
import type { Outcome } from "../../core/process-record.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  parseInteger,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { say } from "../terminal.ts";

interface CloseFlags extends CommonFlags {
  readonly status: Outcome["status"];
  readonly error?: string;
  readonly exitCode?: number;
}

const statuses = ["success", "failed", "cancelled"] as const satisfies readonly Outcome["status"][];

export function addCloseCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("close")
    .description("End a process with its outcome. A program that still runs in it is stopped.")
    .argument("<process>", processNameHelp)
    .addOption(new Option("--status <status>", "how it ended").choices(statuses).default("success"))
    .option("--error <text>", "why it failed; with --status failed")
    .option("--exit-code <number>", "of its program", parseInteger(0, 255))
    .action(async (name: string, flags: CloseFlags) => {
      const outcome = outcomeOf(flags);
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      await api.ask((wire) => wire.process(id).close(outcome));
      say(commandLine.terminal, `${id} is closed: ${outcome.status}`);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire close train", "it was a success"],
      ['jobwire close train --status failed --error "out of disk"', "it was none, and why"],
    ],
  });
}

function outcomeOf({ status, error, exitCode }: CloseFlags): Outcome {
  const program = exitCode === undefined ? {} : { exitCode };
  if (status === "failed") return { status, error: error ?? "", ...program };
  if (error === undefined) return { status, ...program };
  throw new CommandError("--error goes with --status failed only", ExitCode.usage);
}
