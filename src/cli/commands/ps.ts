import type { Command } from "commander";
import type { ProcessView } from "../../core/broker/views.ts";
import type { Outcome } from "../../core/process-record.ts";
import { defaultSystem } from "../../core/system.ts";
import { encodeProcess } from "../../protocol/json-form.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { listProcesses, sortByAge } from "../process-list.ts";
import { fitText, formatAge, formatTable } from "../terminal-text.ts";
import { TerminalOutput } from "../terminal.ts";

interface PsFlags extends CommonFlags {
  readonly all?: true;
  readonly json?: true;
}

const nameWidth = 32;
const executorWidth = 32;
const outcomeWidth = 60;

export function addPsCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("ps")
    .description("List processes, the newest first.")
    .option("-a, --all", "closed ones too")
    .option("--json", "one JSON object a line")
    .action(async (flags: PsFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const processes = sortByAge(await listProcesses(api)).filter(
        ({ state }) => flags.all === true || state !== "closed",
      );
      const output = new TerminalOutput(commandLine.terminal.stdout);
      if (flags.json === true) {
        for (const process of processes)
          await output.write(`${JSON.stringify(encodeProcess(process))}\n`);
      } else {
        await output.write(formatProcesses(processes, defaultSystem.clock.now()));
      }
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire ps", "what waits and runs"],
      ["jobwire ps --all --json | jq -r .id", "ids of everything that is kept"],
    ],
  });
}

/** Names come from others: every cell is escaped. */
export function formatProcesses(processes: readonly ProcessView[], now: number): string {
  const rows = processes.map((process) => [
    fitText(process.id, 128),
    fitText(process.label, nameWidth),
    describeState(process),
    fitText(process.executorId, executorWidth),
    formatAge(now - process.createdAt),
    fitText(describeOutcome(process.outcome), outcomeWidth),
  ]);
  return formatTable([["ID", "NAME", "STATE", "EXECUTOR", "AGE", "OUTCOME"], ...rows]);
}

export function describeState({ cancelRequest, state }: ProcessView): string {
  return cancelRequest !== undefined && state !== "closed" ? "cancelling" : state;
}

export function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  return outcome.status === "failed" ? `failed: ${outcome.error}` : outcome.status;
}
