import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { isChannelError } from "../../core/errors.ts";
import { streamCountMax } from "../../stores/jetstream/subjects.ts";
import {
  addHelpTexts,
  addServerOptions,
  configOption,
  connectByFlags,
  dataDirectoryOption,
  parseInteger,
  type CommandLine,
} from "../command-line.ts";
import { readSources, resolveCommon, type CommonFlags } from "../configuration.ts";
import { storePathOf } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import {
  requireNoNatsFlags,
  resolveNatsTarget,
  type NatsTarget,
} from "../nats/nats-configuration.ts";
import { isNatsAddress, natsSettings } from "../nats/nats-settings.ts";
import type { OfflineOptions } from "../offline-store.ts";
import { serveSettings } from "../serve/serve-settings.ts";
import { createOption, findSetting, type Setting } from "../setting.ts";
import { escapeText, formatBytes, formatTable } from "../terminal-text.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface StoreFlags extends CommonFlags {
  readonly unsafeNoLock?: true;
  readonly json?: true;
}

interface InitFlags extends StoreFlags {
  readonly streams: number;
  readonly replicas: number;
  readonly streamLimit: number;
}

/** Where a store is: files that no server uses, or NATS servers. */
type StorePlace =
  | { readonly kind: "files"; readonly options: OfflineOptions }
  | { readonly kind: "nats"; readonly target: NatsTarget };

interface Backup {
  readonly directory: string;
  readonly files: number;
  readonly copiedbytes: number;
}

const MiB = 1024 * 1024;
const streamCountDefault = 8;
/** What NATS has at most. */
const replicasMax = 5;
const streamMiBDefault = 1024;
const streamMiBMax = 1_000_000_000;

const directoryHelp = "folder of the store (default: the one in the data directory)";

export function addStoreCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("store")
    .description("Look after what servers keep their logs in.");
  addInitCommand(command, commandLine);
  addCheckCommand(command, commandLine);
  addStatsCommand(command, commandLine);
  addReepochCommand(command, commandLine);
  addBackupCommand(command, commandLine);
  addHelpTexts(command, {
    examples: [
      ["jobwire store backup /var/backups/jobwire/store", "while the server runs"],
      ["jobwire store check", "while it is stopped"],
      ["jobwire store init --store nats://n1:4222 --replicas 3", "before the first server"],
    ],
  });
}

function addInitCommand(store: Command, commandLine: CommandLine): void {
  const command = store
    .command("init")
    .description("Make a store on NATS servers; one that is there already stays as it is.")
    .addOption(
      new Option("--streams <number>", "streams that processes are spread over, for good")
        .argParser(parseInteger(1, streamCountMax))
        .default(streamCountDefault),
    )
    .addOption(
      new Option("--replicas <number>", "copies of each stream, each on another NATS server")
        .argParser(parseInteger(1, replicasMax))
        .default(1),
    )
    .addOption(
      new Option("--stream-limit <MiB>", "what each stream may hold; NATS reserves it")
        .argParser(parseInteger(1, streamMiBMax))
        .default(streamMiBDefault),
    )
    .option("--json", "print what was made as JSON")
    .action(async (flags: InitFlags) => {
      const place = placeOf(undefined, flags, commandLine);
      if (place.kind === "files")
        throw new CommandError(
          "a store in files is made by jobwire serve; name NATS servers with --store nats://…",
          ExitCode.usage,
        );
      const { createOnNats } = await import("../nats/nats-inspection.ts");
      const { streams: streamCount, replicas, streamLimit } = flags;
      const creation = { streamCount, replicas, streamBytesMax: streamLimit * MiB };
      await show(await createOnNats(place.target, creation), flags, commandLine);
    });
  addStoreOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire store init --store nats://n1:4222,nats://n2:4222 --replicas 3", "on a cluster"],
      ["jobwire store init --store nats://127.0.0.1:4222", "to try it"],
    ],
    notes:
      "Copies and the limit can be changed later, by NATS's own tools; the number of streams cannot.",
  });
}

function addCheckCommand(store: Command, commandLine: CommandLine): void {
  const command = addStoreOptions(addFolderCommand(store, "check"))
    .description("Read all of a store, and show what is damaged.")
    .option("--json", "one JSON object: what stats shows, and damages")
    .action(async (directory: string | undefined, flags: StoreFlags) => {
      const inspection = await inspect(directory, flags, commandLine, { isThorough: true });
      await show(inspection, flags, commandLine);
      if (inspection.damages.length > 0) commandLine.setExitCode(ExitCode.failure);
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire store check", "while the server is stopped"],
      ["jobwire store check /var/backups/jobwire", "of a copy"],
      ["jobwire store check --store nats://n1:4222", "on NATS servers, while all goes on"],
    ],
    notes: "It changes nothing, and exits with 1 if anything is damaged.",
  });
}

function addStatsCommand(store: Command, commandLine: CommandLine): void {
  const command = addStoreOptions(addFolderCommand(store, "stats"))
    .description("Show what is in a store.")
    .option("--json", "one JSON object")
    .action(async (directory: string | undefined, flags: StoreFlags) => {
      const inspection = await inspect(directory, flags, commandLine, { isThorough: false });
      await show(inspection, flags, commandLine);
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire store stats", "how much is where, while the server is stopped"],
      ["jobwire store stats --store nats://n1:4222", "on NATS servers, while all goes on"],
    ],
  });
}

function addReepochCommand(store: Command, commandLine: CommandLine): void {
  const command = addStoreOptions(addFolderCommand(store, "reepoch"))
    .description(
      "End the cursors of all open processes: for a store that was put back as of before.",
    )
    .action(async (directory: string | undefined, flags: StoreFlags) => {
      const place = placeOf(directory, flags, commandLine);
      if (place.kind === "nats") {
        const { reepochOnNats } = await import("../nats/nats-inspection.ts");
        const count = await reepochOnNats(place.target);
        say(commandLine.terminal, `open processes with new epochs: ${count}`);
        return;
      }
      const { reepochOffline } = await import("../offline-store.ts");
      await reepochOffline(place.options);
      say(commandLine.terminal, "open processes get new epochs when a server opens the store");
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire store reepoch", "after a snapshot of the disk was put back"],
      [
        "jobwire store reepoch --store nats://n1:4222",
        "after a stream was put back; no server may run",
      ],
    ],
    notes: "What store backup has made needs it not: it says so of itself.",
  });
}

function addBackupCommand(store: Command, commandLine: CommandLine): void {
  const command = store
    .command("backup")
    .description("Ask the running server for a copy of its store, as it is at that moment.")
    .argument("<directory>", "new or empty, on the server's machine")
    .option("--json", "print the answer as JSON")
    .action(async (directory: string, flags: CommonFlags & { readonly json?: true }) => {
      const api = await connectByFlags(flags, commandLine);
      // Without the patience of other requests: a copy takes as long as it takes.
      const json = { directory: resolve(directory) };
      const request = { json, timeoutMs: Infinity };
      const backup = (await api
        .request("POST", "/v1/store/backups", request)
        .catch(explainNoRoute)) as Backup;
      if (flags.json === true)
        await new TerminalOutput(commandLine.terminal.stdout).write(`${JSON.stringify(backup)}\n`);
      else say(commandLine.terminal, describeBackup(backup));
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [["jobwire store backup /var/backups/jobwire/store", "while the server runs"]],
    notes:
      "To serve from the copy, name the folder above it: --data-directory /var/backups/jobwire.",
  });
}

/** Servers have it where their store is in files. */
function explainNoRoute(error: unknown): never {
  if (!isChannelError(error, "route_not_found")) throw error;
  throw new CommandError(
    "this server's store is not in files: what is on NATS servers is copied with nats stream backup",
    ExitCode.failure,
    { cause: error },
  );
}

function describeBackup({ directory, files, copiedbytes }: Backup): string {
  return `${files} files are in ${escapeText(directory)}, ${formatBytes(copiedbytes)} of them copied and the rest linked`;
}

function addFolderCommand(store: Command, name: string): Command {
  return store
    .command(name)
    .argument("[directory]", directoryHelp)
    .addOption(createOption(serveSettings.unsafeNoLock));
}

function addStoreOptions(command: Command): Command {
  command.addOption(createOption(serveSettings.store));
  for (const setting of Object.values<Setting<unknown>>(natsSettings))
    if (setting.flag !== undefined) command.addOption(createOption(setting));
  return command.addOption(dataDirectoryOption()).addOption(configOption());
}

function placeOf(
  directory: string | undefined,
  flags: StoreFlags,
  { terminal }: CommandLine,
): StorePlace {
  const sources = readSources({ ...flags }, terminal.environment);
  const store = findSetting(serveSettings.store, sources)?.value ?? serveSettings.store.default;
  if (directory === undefined && isNatsAddress(store))
    return { kind: "nats", target: resolveNatsTarget(store, sources) };
  requireNoNatsFlags(sources, directory === undefined ? store : "in files");
  if (directory === undefined && store === "memory")
    throw new CommandError(
      "a store in memory is seen by nobody but its server; name a folder, or NATS servers with --store",
      ExitCode.usage,
    );
  const { dataDirectory } = resolveCommon(sources);
  return {
    kind: "files",
    options: {
      path: directory === undefined ? storePathOf(dataDirectory) : resolve(directory),
      unsafeNoLock: findSetting(serveSettings.unsafeNoLock, sources)?.value === true,
    },
  };
}

/** What a person is shown of a store. */
interface Shown {
  readonly json: object;
  readonly rows: readonly (readonly [name: string, value: string])[];
  readonly damages: readonly string[];
  readonly warnings: readonly string[];
}

async function inspect(
  directory: string | undefined,
  flags: StoreFlags,
  commandLine: CommandLine,
  options: { readonly isThorough: boolean },
): Promise<Shown> {
  const place = placeOf(directory, flags, commandLine);
  if (place.kind === "nats") {
    const { inspectOnNats } = await import("../nats/nats-inspection.ts");
    return await inspectOnNats(place.target, options);
  }
  const { describeDamage, describeInspection, inspectOffline } =
    await import("../offline-store.ts");
  const inspection = await inspectOffline(place.options, options);
  return {
    json: inspection,
    rows: describeInspection(inspection),
    damages: inspection.damages.map(describeDamage),
    warnings: [],
  };
}

async function show(
  { json, rows, damages, warnings }: Shown,
  flags: StoreFlags,
  { terminal }: CommandLine,
): Promise<void> {
  const output = new TerminalOutput(terminal.stdout);
  if (flags.json === true) return await output.write(`${JSON.stringify(json)}\n`);
  await output.write(formatTable(rows));
  for (const damage of damages) await output.write(`damage: ${escapeText(damage)}\n`);
  for (const warning of warnings) say(terminal, `warning: ${escapeText(warning)}`);
}
