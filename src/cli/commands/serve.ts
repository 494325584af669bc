import { once } from "node:events";
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  addHelpTexts,
  configure,
  dataDirectoryOption,
  parseInteger,
  type CommandLine,
} from "../command-line.ts";
import { defaultHost, defaultPort, type CommonFlags } from "../configuration.ts";
import { ExitCode } from "../exit-code.ts";
import { logLevels, ServerProcess, type LogLevel } from "../serve/server-process.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface ServeFlags extends CommonFlags {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: readonly string[];
  readonly store: "memory";
  readonly storeLimit?: number;
  readonly logLevel: LogLevel;
  readonly json?: true;
}

const MiB = 1024 * 1024;

export function addServeCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("serve")
    .description(
      "Start a server. It listens on this machine only, and the commands here need no further set-up.",
    )
    .option("--host <address>", "address to listen on", defaultHost)
    .option(
      "--port <number>",
      "port to listen on; 0 takes any that is free",
      parseInteger(0, 65_535),
      defaultPort,
    )
    .option(
      "--public-url <url>",
      "another address under which people reach it; may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--store <kind>", "where logs are kept; memory: until the server ends")
        .choices(["memory"])
        .default("memory"),
    )
    .option(
      "--store-limit <MiB>",
      "most that all logs together hold (default: half of the memory)",
      parseInteger(1, 1_000_000_000),
    )
    .addOption(
      new Option("--log-level <level>", "what is logged to standard error")
        .choices(logLevels)
        .default("warn"),
    )
    .addOption(dataDirectoryOption())
    .option("--json", 'print one line when ready: {"url":…,"dataDirectory":…}')
    .action(async (flags: ServeFlags) => {
      await serve(flags, commandLine);
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire serve", "then, in another terminal: jobwire run -- program"],
      ["jobwire serve --port 0 --json", "for a program that starts it"],
      [
        "jobwire serve --host 0.0.0.0 --public-url https://jobs.example.org",
        "behind a proxy that speaks TLS",
      ],
    ],
    notes:
      "It ends at SIGINT or SIGTERM, once what is under way is settled; a second signal ends it at once.",
  });
}

function collect(value: string, values: readonly string[]): readonly string[] {
  if (URL.canParse(value)) return [...values, value];
  throw new InvalidArgumentError("Expected a URL.");
}

async function serve(flags: ServeFlags, commandLine: CommandLine): Promise<void> {
  const { terminal, setExitCode } = commandLine;
  const { dataDirectory } = configure(
    { ...(flags.dataDirectory === undefined ? {} : { dataDirectory: flags.dataDirectory }) },
    commandLine,
  );
  // From here on a signal waits until there is something to shut down.
  const stop = new AbortController();
  const stopListening = listenForStop(stop);
  try {
    const server = await ServerProcess.start({
      host: flags.host,
      port: flags.port,
      publicUrls: flags.publicUrl,
      dataDirectory,
      logLevel: flags.logLevel,
      ...(flags.storeLimit === undefined ? {} : { storeBytesMax: flags.storeLimit * MiB }),
    });
    const { url } = server;
    const ready =
      flags.json === true
        ? `${JSON.stringify({ url, dataDirectory })}\n`
        : describeServer(url, dataDirectory);
    await new TerminalOutput(terminal.stdout).write(ready);
    if (!stop.signal.aborted) await once(stop.signal, "abort");
    say(terminal, "shutting down; a second signal ends at once");
    await server.close();
    setExitCode(ExitCode.ok);
  } finally {
    stopListening();
  }
}

function describeServer(url: string, dataDirectory: string): string {
  return [
    `Jobwire listens on ${url}`,
    `  data     ${dataDirectory}`,
    "  store    memory: what it holds ends with it",
    "  run      jobwire run --name demo -- program",
    "  follow   jobwire tail demo",
    "  list     jobwire ps",
    "",
  ].join("\n");
}

function listenForStop(stop: AbortController): () => void {
  const listener = (): void => {
    if (stop.signal.aborted) process.exit(ExitCode.interrupted);
    stop.abort();
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => process.off("SIGINT", listener).off("SIGTERM", listener);
}
