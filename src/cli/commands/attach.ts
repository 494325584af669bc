import type { Command } from "commander";
import { attach } from "../attach/attachment.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  parseInteger,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { ExitCode, exitCodeOfOutcome } from "../exit-code.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { say } from "../terminal.ts";

interface AttachFlags extends CommonFlags {
  readonly last?: number;
  readonly stdin: boolean;
  readonly exitCode: boolean;
}

export function addAttachCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("attach")
    .description(
      "See all that a program prints and type into it, from any terminal, as often as you like.",
    )
    .argument("<process>", processNameHelp)
    .option(
      "--last <n>",
      "begin with the last n entries of each output (default: everything)",
      parseInteger(0, Number.MAX_SAFE_INTEGER),
    )
    .option("--no-stdin", "only watch: nothing here goes into the program")
    .option("--no-exit-code", "exit with 0 when the process ends, however it ends")
    .action(async (name: string, flags: AttachFlags) => {
      const { terminal, setExitCode } = commandLine;
      const api = await connectByFlags(flags, commandLine);
      const process = await resolveProcess(api, name);
      if (flags.stdin && terminal.stdin.isTTY === true && process.state !== "closed")
        say(terminal, "Ctrl-C leaves, the program goes on; Ctrl-D ends its input");
      const { signal, stopListening } = listenForLeave();
      try {
        const end = await attach(api, process, terminal, {
          after: flags.last === undefined ? "start" : `last:${flags.last}`,
          copiesInput: flags.stdin,
          signal,
        });
        if ("outcome" in end && flags.exitCode) setExitCode(exitCodeOfOutcome(end.outcome));
      } finally {
        stopListening();
      }
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire attach train", "from the beginning"],
      ["jobwire attach @last --last 20", "the newest process, its last output only"],
      ["echo yes | jobwire attach train", "answer, end its input, and see how it goes on"],
    ],
    notes: [
      "Lines go into the program as they are typed. Ctrl-C leaves, Ctrl-D ends the program's input;",
      "to stop the program: jobwire cancel. Input that is no terminal is sent with its end.",
    ].join("\n"),
    exitCodes: [
      "  n    how the program ended: its exit code, or 128 + the signal; 0 after leaving",
    ],
  });
}

function listenForLeave(): { readonly signal: AbortSignal; readonly stopListening: () => void } {
  const left = new AbortController();
  const listener = (): void => {
    // A terminal that takes no output holds up the leaving.
    if (left.signal.aborted) process.exit(ExitCode.interrupted);
    left.abort(new Error("left"));
  };
  process.on("SIGINT", listener);
  return { signal: left.signal, stopListening: () => process.off("SIGINT", listener) };
}
