import { Option, type Command } from "commander";
import type { ProcessView } from "../../core/broker/views.ts";
import { terminalChannel } from "../../protocol/terminal-entries.ts";
import type { Api } from "../api.ts";
import type { AttachEnd } from "../attach/attach-end.ts";
import { attach, findOutputs } from "../attach/attachment.ts";
import { defaultDetachKey, detachKeyForm, type DetachKey } from "../attach/detach-key.ts";
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
import { parseArgument } from "../setting.ts";
import { canPaint, say } from "../terminal.ts";

interface AttachFlags extends CommonFlags {
  readonly last?: number;
  readonly stdin: boolean;
  readonly detachKey: DetachKey;
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
      "begin with the last n entries of each output (default: everything); not on a painted screen",
      parseInteger(0, Number.MAX_SAFE_INTEGER),
    )
    .option("--no-stdin", "only watch: nothing here goes into the program")
    .addOption(
      new Option(
        "--detach-key <key>",
        "leaves a program that has a terminal: ctrl-<letter>, or none",
      )
        .argParser((text) => parseArgument(detachKeyForm, text))
        .default(parseArgument(detachKeyForm, defaultDetachKey), defaultDetachKey),
    )
    .option("--no-exit-code", "exit with 0 when the process ends, however it ends")
    .action(async (name: string, flags: AttachFlags) => {
      const { setExitCode } = commandLine;
      const api = await connectByFlags(flags, commandLine);
      const process = await resolveProcess(api, name);
      const end = await show(api, process, flags, commandLine);
      if ("isLeft" in end) setExitCode(end.exitCode ?? ExitCode.ok);
      else if (flags.exitCode) setExitCode(exitCodeOfOutcome(end.outcome));
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire attach train", "from the beginning"],
      ["jobwire attach @last --last 20", "the newest process, its last output only"],
      ["jobwire attach shell --detach-key ctrl-]", "a program in a terminal, another key to leave"],
      ["echo yes | jobwire attach train", "answer, end its input, and see how it goes on"],
    ],
    notes: [
      "Lines go into the program as they are typed. Ctrl-C leaves, Ctrl-D ends the program's input;",
      "to stop the program: jobwire cancel. Input that is no terminal is sent with its end.",
      "",
      "A program that has a terminal (run --tty) gets each key as it is typed, Ctrl-C too; only the key of",
      "--detach-key leaves. Its screen is shown in this terminal, whatever the size of either; where the output",
      "is no terminal, it is what the program wrote, byte by byte.",
    ].join("\n"),
    exitCodes: [
      "  n    how the program ended: its exit code, or 128 + the signal; 0 after leaving",
    ],
  });
}

async function show(
  api: Api,
  process: ProcessView,
  flags: AttachFlags,
  { terminal }: CommandLine,
): Promise<AttachEnd> {
  const outputs = await findOutputs(api, process.id);
  if (outputs.includes(terminalChannel) && canPaint(terminal)) {
    const { attachTerminal } = await import("../attach/terminal-attachment.ts");
    const { stdin: copiesInput, detachKey } = flags;
    return await attachTerminal(api, process, terminal, { copiesInput, detachKey });
  }
  if (flags.stdin && terminal.stdin.isTTY === true && process.state !== "closed")
    say(terminal, "Ctrl-C leaves, the program goes on; Ctrl-D ends its input");
  const { signal, stopListening } = listenForLeave();
  try {
    return await attach(api, process, terminal, {
      outputs,
      after: flags.last === undefined ? "start" : `last:${flags.last}`,
      copiesInput: flags.stdin,
      signal,
    });
  } finally {
    stopListening();
  }
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
