import type { Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { createSignInLink } from "../console-link.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { TerminalOutput } from "../terminal.ts";

export function addConsoleCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("console")
    .description("Print a link that opens the web console signed in, once and within 5 minutes.")
    .argument("[process]", processNameHelp)
    .action(async (name: string | undefined, flags: CommonFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const processId = name === undefined ? undefined : (await resolveProcess(api, name)).id;
      const link = await createSignInLink(api, { url: api.url, processId });
      await new TerminalOutput(commandLine.terminal.stdout).write(`${link}\n`);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire console", "all jobs"],
      ["jobwire console train", "this process"],
      ['xdg-open "$(jobwire console @last)"', "the newest, in your browser"],
    ],
    notes:
      "Whoever follows the link is signed in as you for 12 hours at most: it is no link to share. See jobwire grant.",
  });
}
