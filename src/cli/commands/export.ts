import type { Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { exportTerminal } from "../export/export-terminal.ts";
import { WholeFile } from "../export/whole-file.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { requireTerminalChannel } from "../terminal/terminal-process.ts";
import { TerminalOutput } from "../terminal.ts";

interface ExportFlags extends CommonFlags {
  readonly asciicast: true;
  readonly output?: string;
}

export function addExportCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("export")
    .description("Write what a program wrote to its terminal as a recording that others play.")
    .argument("<process>", processNameHelp)
    .requiredOption("--asciicast", "in the form asciicast v2, which asciinema and its players read")
    .option("-o, --output <file>", "into a file, which is replaced when all is written")
    .action(async (name: string, flags: ExportFlags) => {
      const { terminal } = commandLine;
      const api = await connectByFlags(flags, commandLine);
      const process = await resolveProcess(api, name);
      requireTerminalChannel(process);
      if (flags.output === undefined)
        return await exportTerminal(api, process.id, new TerminalOutput(terminal.stdout), terminal);
      const file = await WholeFile.open(flags.output, api.system.randomId);
      try {
        await exportTerminal(api, process.id, file, terminal);
        await file.finish();
      } catch (error) {
        await file.discard();
        throw error;
      }
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire export build --asciicast --output build.cast", "then: asciinema play build.cast"],
      ["jobwire export @last --asciicast | gzip > last.cast.gz", "on standard output"],
    ],
    notes:
      "Of a process that still runs it is what there is by now. What is missing is told on stderr.",
  });
}
