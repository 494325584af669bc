import { InvalidArgumentError, Option, type Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { exitCodeOfOutcome } from "../exit-code.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { OutputFile } from "../tail/output-file.ts";
import { FileSink, JsonSink, RawSink, tailChannel, type TailSink } from "../tail/tail-channel.ts";

interface TailFlags extends CommonFlags {
  readonly from: string;
  readonly output?: string;
  readonly json?: true;
  readonly exitCode?: true;
}

export function addTailCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("tail")
    .description(
      "Print a channel, from its beginning until the process ends, whatever breaks meanwhile.",
    )
    .argument("<process>", processNameHelp)
    .argument("[channel]", "name of the channel", "stdout")
    .addOption(
      new Option("--from <place>", "start, now, or last:<n> for the last n entries")
        .argParser(parseFrom)
        .default("start"),
    )
    .option(
      "-o, --output <file>",
      "copy into a file; run again, it goes on where it stopped, however it was stopped",
    )
    .addOption(
      new Option("--json", "one JSON object a line for each entry, gap, and the outcome").conflicts(
        "output",
      ),
    )
    .option("--exit-code", "exit with what the process ended with")
    .action(async (name: string, channel: string, flags: TailFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      const { terminal } = commandLine;
      const file =
        flags.output === undefined
          ? undefined
          : await OutputFile.open(flags.output, { processId: id, channel });
      const sink = createSink(file, flags, commandLine);
      const outcome = await tailChannel(
        api,
        { processId: id, channel, after: file?.cursor ?? flags.from },
        sink,
        { terminal },
      );
      if (flags.exitCode === true) commandLine.setExitCode(exitCodeOfOutcome(outcome));
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire tail @last", "standard output of the newest process"],
      ["jobwire tail train stderr --from last:100", "another channel, its last 100 entries first"],
      ["jobwire tail train --output train.log", "an exact copy, also after a crash"],
      ["jobwire tail train --json | jq -r .timestamp", "everything that is known of each entry"],
    ],
    notes:
      "Beside the file of --output stands <file>.jobwire, which says how far it is; keep the two together.\nBytes are printed as the program wrote them; --json is safe on any terminal.",
    exitCodes: [
      "  n    with --exit-code: the program's exit code, or 128 + the signal that ended it",
    ],
  });
}

function createSink(
  file: OutputFile | undefined,
  flags: TailFlags,
  { terminal }: CommandLine,
): TailSink {
  if (file !== undefined) return new FileSink(file);
  return flags.json === true ? new JsonSink(terminal.stdout) : new RawSink(terminal.stdout);
}

function parseFrom(text: string): string {
  if (text === "start" || text === "now" || /^last:\d{1,15}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected start, now, or last:<n>.");
}
