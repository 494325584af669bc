import { Argument, type Command } from "commander";
import { addHelpTexts, connectByFlags, type CommandLine } from "../command-line.ts";
import { complete, type Completion } from "../completion/completion.ts";
import { ServerNames } from "../completion/server-names.ts";
import { shells, shellScripts, type Shell } from "../completion/shell-scripts.ts";
import { TerminalOutput } from "../terminal.ts";

export function addCompletionCommand(program: Command, commandLine: CommandLine): void {
  const { stdout } = commandLine.terminal;
  const command = program
    .command("completion")
    .description("Print what makes a shell complete commands, options, processes and channels.")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .action(async (shell: Shell) => {
      await new TerminalOutput(stdout).write(shellScripts[shell]);
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire completion bash", 'in ~/.bashrc: eval "$(jobwire completion bash)"'],
      ["jobwire completion zsh", 'in ~/.zshrc, after compinit: eval "$(jobwire completion zsh)"'],
      ["jobwire completion fish", "in config.fish: jobwire completion fish | source"],
    ],
    notes: "Names of processes and channels come from the server that the environment names.",
  });
  // Asked by those scripts.
  program
    .command("complete", { hidden: true })
    .description("Print what may stand in the place of the last word.")
    .argument("[words...]", "the command line up to the cursor, without jobwire")
    .action(async (words: string[]) => {
      const names = new ServerNames(() => connectByFlags({}, commandLine));
      const completion = await complete(program, words, names);
      await new TerminalOutput(stdout).write(format(completion));
    });
}

function format(completion: Completion): string {
  if (completion.kind === "path") return ":path\n";
  return completion.candidates.map(({ word, description }) => `${word}\t${description}\n`).join("");
}
