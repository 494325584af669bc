import { Option, type Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { speedMax, speedMin } from "../replay/pace.ts";
import { parseArgument } from "../setting.ts";
import { numberForm } from "../value-form.ts";

interface ReplayFlags extends CommonFlags {
  readonly speed: number;
  readonly idle?: number;
}

export function addReplayCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("replay")
    .description("Play what a program wrote to its terminal, at the pace at which it did.")
    .argument("<process>", processNameHelp)
    .addOption(
      new Option("--speed <x>", `so many times as fast, from ${speedMin} to ${speedMax}`)
        .argParser((text) => parseArgument(numberForm(speedMin, speedMax), text))
        .default(1),
    )
    .addOption(
      new Option("--idle <seconds>", "shorten longer silences to it (default: none)").argParser(
        (text) => parseArgument(numberForm(0, 86_400), text),
      ),
    )
    .action(async (name: string, flags: ReplayFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const process = await resolveProcess(api, name);
      const { replay } = await import("../replay/replay.ts");
      const idleMsMax = flags.idle === undefined ? Infinity : flags.idle * 1000;
      const { speed } = flags;
      commandLine.setExitCode(
        await replay(api, process, commandLine.terminal, { speed, idleMsMax }),
      );
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire replay build", "as it was"],
      ["jobwire replay @last --speed 4 --idle 1", "faster, and no silence longer than a second"],
    ],
    notes: [
      "Keys: space stops and goes on, + and - change the speed, right skips five seconds, q leaves.",
      "A process that still runs is followed until it ends. Where the output is no terminal, it is what",
      "the program wrote, byte by byte.",
    ].join("\n"),
  });
}
