import { constants } from "node:os";
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  configure,
  parseInteger,
  type CommandLine,
  type HelpTexts,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { connect } from "../connection.ts";
import { JobRun, type JobRunOptions } from "../run/job-run.ts";
import type { WhenAway } from "../run/outage-notices.ts";
import { defaultSystem } from "../../core/system.ts";
import type { ProgramKind } from "../run/program-kind.ts";
import type { KeyboardPolicy } from "../terminal/keyboard.ts";
import { parseSizePolicy, type SizePolicy } from "../terminal/size-policy.ts";
import { PipedPrograms } from "../run/piped-programs.ts";
import type { Terminal } from "../terminal.ts";
import { ensureServer } from "../serve/background-server.ts";

interface RunFlags extends CommonFlags {
  readonly name: string;
  readonly serve?: true;
  readonly stdin: boolean;
  readonly grace: number;
  readonly buffer: number;
  readonly whenAway: WhenAway;
  readonly lease: number;
  readonly quiet?: true;
  readonly channel?: readonly string[];
  readonly tty?: true;
  readonly size: SizePolicy;
  readonly keyboard: KeyboardPolicy;
}

const graceSecondsDefault = 10;
const graceSecondsMax = 24 * 3600;
const MiB = 1024 * 1024;
const bufferMiBDefault = 64;
const bufferMiBMax = 4096;
// As long as a server may be cut off from a program that it has to assume is alive. The server's own range.
const leaseSecondsDefault = 600;
const leaseSecondsMin = 5;
const leaseSecondsMax = 24 * 3600;
const stoppingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function addRunCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("run")
    .description(
      "Run a program: its output, errors and input become channels that others read and write.",
    )
    .argument("<program>", "what to run; put -- in front of it")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .option("-n, --name <name>", "name for people; other commands take it for the process", "")
    .option("--serve", "start a server in the background if none answers")
    .option("--no-stdin", "do not copy local standard input: input comes through the channel only")
    .option(
      "--grace <seconds>",
      "time between asking the program to end and killing it",
      parseInteger(0, graceSecondsMax),
      graceSecondsDefault,
    )
    .option(
      "--channel <name>",
      "another channel, which the program uses itself; may be repeated",
      (name: string, before?: readonly string[]) => [...(before ?? []), name],
    )
    .option("-q, --quiet", "say nothing but what was lost or not delivered")
    .action(async (file: string, args: string[], flags: RunFlags) => {
      const { terminal } = commandLine;
      const configuration = configure(flags, commandLine);
      const kind = await programKind(flags, terminal);
      const options = jobOptions(file, args, flags, kind);
      if (flags.serve === true) await ensureServer(configuration, terminal);
      const job = new JobRun(await connect(configuration), terminal.environment, options);
      const stopListening = passSignals(job);
      try {
        commandLine.setExitCode(await job.run());
      } finally {
        stopListening();
      }
    });
  addTerminalOptions(command);
  addOutageOptions(command);
  addServerOptions(command);
  addHelpTexts(command, helpTexts);
}

/** What a program in a terminal has, and who decides on it. */
function addTerminalOptions(command: Command): void {
  command
    .option("-t, --tty", "run the program in a terminal, which others see and use: jobwire attach")
    .addOption(
      new Option(
        "--size <size>",
        "with --tty: smallest of the terminals attached, that of the typist, or 120x40",
      )
        .argParser(parseSize)
        .default("smallest"),
    )
    .addOption(
      new Option("--keyboard <who>", "with --tty: many type at once, or one at a time")
        .choices(["many", "one"])
        .default("many"),
    );
}

function parseSize(text: string): SizePolicy {
  const policy = parseSizePolicy(text);
  if (policy !== undefined) return policy;
  throw new InvalidArgumentError("Expected smallest, typist, or columns and rows as in 120x40.");
}

/** What happens while the server is away. */
function addOutageOptions(command: Command): void {
  command
    .option(
      "--buffer <MiB>",
      "most that waits for the server, of each output; then the program waits",
      parseInteger(1, bufferMiBMax),
      bufferMiBDefault,
    )
    .addOption(
      new Option(
        "--when-away <what>",
        "beyond the buffer while the server is away: the program waits, or output is dropped",
      )
        .choices(["wait", "drop"])
        .default("wait"),
    )
    .option(
      "--lease <seconds>",
      "silence after which the server takes the program for lost",
      parseInteger(leaseSecondsMin, leaseSecondsMax),
      leaseSecondsDefault,
    );
}

function jobOptions(
  command: string,
  args: readonly string[],
  flags: RunFlags,
  kind: ProgramKind,
): JobRunOptions {
  return {
    command,
    args,
    label: flags.name,
    channels: flags.channel ?? [],
    isQuiet: flags.quiet === true,
    kind,
    graceMs: flags.grace * 1000,
    leaseMs: flags.lease * 1000,
    bufferBytes: flags.buffer * MiB,
    whenAway: flags.whenAway,
  };
}

/** Throws `CommandError` where there are no terminals to be had. */
async function programKind(
  { tty, stdin, size, keyboard }: RunFlags,
  terminal: Terminal,
): Promise<ProgramKind> {
  if (tty !== true) return new PipedPrograms(terminal, { copiesInput: stdin });
  // Most programs need none of it.
  const { TerminalPrograms } = await import("../terminal/terminal-programs.ts");
  const { clock } = defaultSystem;
  return new TerminalPrograms(terminal, { clock, copiesInput: stdin, size, keyboard });
}

const helpTexts: HelpTexts = {
  examples: [
    ["jobwire run -- ./train.sh --fast", "run it; what it prints also shows here"],
    ["jobwire run --name train -- python train.py", "a name to find it by: jobwire tail train"],
    ["generate | jobwire run -- sort > sorted", "in a pipe, like the program alone"],
    ["jobwire run --serve -- make", "with a server of its own if there is none"],
    ["jobwire run --tty -- bash", "in a terminal: a screen and keys, also for jobwire attach"],
    ["jobwire run --when-away drop -- ./chatty", "never waits for a server that is away"],
  ],
  notes: [
    "The channels are stdout, stderr, stdin and control; with --tty tty, tty-snapshot, stdin and control.",
    "Ctrl-C asks the program to end, twice kills it.",
    "While the server is away the program goes on. At the end what it printed is delivered; Ctrl-C gives up.",
    "The program finds JOBWIRE_URL, JOBWIRE_PROCESS and JOBWIRE_TOKEN in its environment.",
  ].join("\n"),
  exitCodes: [
    "    n  once the program runs: its own exit code, or 128 + the signal that ended it",
    "  126  the program cannot be executed",
    "  127  the program was not found",
  ],
};

/** To the job while it has a program; before that they end this command as usual. */
function passSignals(job: JobRun): () => void {
  const listeners = stoppingSignals.map((signal) => {
    const listener = (): void => {
      if (job.hasProgram) job.interrupt(signal);
      else process.exit(128 + constants.signals[signal]);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => listeners.forEach((stop) => stop());
}
