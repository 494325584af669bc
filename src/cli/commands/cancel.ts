import type { Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { say } from "../terminal.ts";

export function addCancelCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("cancel")
    .description("Ask whoever runs a process to stop. One that nobody runs closes at once.")
    .argument("<process>", processNameHelp)
    .action(async (name: string, flags: CommonFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      const { state } = await api.ask((wire) => wire.process(id).cancel());
      say(
        commandLine.terminal,
        state === "closed" ? `${id} is cancelled` : `${id} is asked to stop`,
      );
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire cancel train", "as Ctrl-C does where it runs"],
      ["jobwire cancel @last", "the newest process"],
    ],
  });
}
