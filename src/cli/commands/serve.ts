import { once } from "node:events";
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  addHelpTexts,
  configOption,
  dataDirectoryOption,
  type CommandLine,
} from "../command-line.ts";
import { signInAddress } from "../console-link.ts";
import { ExitCode } from "../exit-code.ts";
import { limitSettings } from "../serve/limit-settings.ts";
import {
  describeLimits,
  describeServe,
  resolveServe,
  type ServeConfiguration,
  type ServeFlags,
} from "../serve/serve-configuration.ts";
import { serveSettings } from "../serve/serve-settings.ts";
import { createOption, parseArgument, type Setting } from "../setting.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface Flags extends ServeFlags {
  readonly json?: true;
  readonly printConfig?: true;
}

export function addServeCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("serve")
    .description(
      "Start a server. It listens on this machine only, and the commands here need no further set-up.",
    );
  for (const setting of Object.values<Setting<unknown>>(serveSettings))
    if (setting.flag !== undefined) command.addOption(createOption(setting));
  command
    .addOption(
      new Option("--limit <name=number>", "a limit by its name; may be repeated").argParser(
        parseLimit,
      ),
    )
    .addOption(dataDirectoryOption())
    .addOption(configOption())
    .option("--print-config", "print every setting with its value and who has set it, and end")
    .option("--json", 'print one line when ready: {"url":…,"dataDirectory":…,"console":…}')
    .action(async (flags: Flags) => {
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
      [
        "jobwire serve --store nats://n1:4222,nats://n2:4222",
        "one of many over one store, which store init has made",
      ],
      ["jobwire serve --limit connections=500 --print-config", "what would hold, and why"],
    ],
    notes: [
      "Limits, also set by variables such as JOBWIRE_LIMIT_HEADER_BYTES:",
      describeLimits(),
      "",
      "It ends at SIGINT or SIGTERM, once what is under way is settled; a second signal ends it at once.",
    ].join("\n"),
  });
}

function parseLimit(
  text: string,
  limits: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const [, name, number = ""] = /^(\w+)=(.*)$/.exec(text) ?? [];
  const setting = limitSettings.find((one) => one.name === name);
  if (setting === undefined)
    throw new InvalidArgumentError("Expected <name>=<number>, the name one of those in the help.");
  return { ...limits, [setting.name]: parseArgument(setting.form, number) };
}

async function serve(flags: Flags, commandLine: CommandLine): Promise<void> {
  const { terminal, setExitCode } = commandLine;
  const output = new TerminalOutput(terminal.stdout);
  const configuration = resolveServe(flags, terminal.environment);
  const { dataDirectory } = configuration;
  if (flags.printConfig === true)
    return await output.write(describeServe(flags, terminal.environment));
  // Only here: the other commands start in a third of the time without the parts of a server.
  const { ServerProcess } = await import("../serve/server-process.ts");
  // From here on a signal waits until there is something to shut down.
  const stop = new AbortController();
  const stopListening = listenForStop(stop);
  try {
    const server = await ServerProcess.start(configuration);
    const { url } = server;
    const { hasConsole, publicUrls } = configuration;
    const consoleLink = hasConsole
      ? signInAddress(server.createSignInCode(), { url: publicUrls[0] ?? reachableUrl(url) })
      : undefined;
    await output.write(
      flags.json === true
        ? `${JSON.stringify({ url, dataDirectory, console: consoleLink })}\n`
        : describeServer(url, consoleLink, configuration),
    );
    if (!stop.signal.aborted) await once(stop.signal, "abort");
    say(terminal, "shutting down; a second signal ends at once");
    await server.close();
    setExitCode(ExitCode.ok);
  } finally {
    stopListening();
  }
}

/** An address that stands for all of the machine is none to call. */
function reachableUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

function describeServer(
  url: string,
  consoleLink: string | undefined,
  configuration: ServeConfiguration,
): string {
  return [
    `Jobwire listens on ${url}`,
    ...(consoleLink === undefined ? [] : [`  console  ${consoleLink}`]),
    `  data     ${configuration.dataDirectory}`,
    `  store    ${describeStore(configuration)}`,
    "  run      jobwire run --name demo -- program",
    "  follow   jobwire tail demo",
    "  list     jobwire ps",
    ...(consoleLink === undefined
      ? []
      : ["  sign in  jobwire console: another link, as each works once"]),
    "",
  ].join("\n");
}

function describeStore({ store, nats, sync }: ServeConfiguration): string {
  if (nats !== undefined) return `${nats.storeName} on ${nats.address}, shared with other servers`;
  if (store === "memory") return "memory: what it holds ends with it";
  if (sync === "always") return "on disk: what is acknowledged stays";
  const lost = sync === "never" ? "what the system has not written" : `up to ${sync.intervalMs} ms`;
  return `on disk: a power cut takes back ${lost}`;
}

function listenForStop(stop: AbortController): () => void {
  const listener = (): void => {
    if (stop.signal.aborted) process.exit(ExitCode.interrupted);
    stop.abort();
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => process.off("SIGINT", listener).off("SIGTERM", listener);
}
