import type { Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { say } from "../terminal.ts";

interface DeleteFlags extends CommonFlags {
  readonly force?: true;
}

export function addDeleteCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("delete")
    .description("Remove a closed process with everything in its channels, for good.")
    .argument("<process>", processNameHelp)
    .option("-f, --force", "also one that has not ended; a program that runs in it is stopped")
    .action(async (name: string, flags: DeleteFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id, state } = await resolveProcess(api, name);
      if (state !== "closed" && flags.force !== true) {
        throw new CommandError(
          `${id} has not ended\nEnd it with: jobwire cancel ${id}\nDelete it all the same with --force.`,
          ExitCode.failure,
        );
      }
      await api.ask((wire) => wire.process(id).delete());
      say(commandLine.terminal, `${id} is deleted`);
    });
  addServerOptions(command);
  addHelpTexts(command, { examples: [["jobwire delete train", "it is needed no more"]] });
}
