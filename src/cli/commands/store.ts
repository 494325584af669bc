import { resolve } from "node:path";
import type { Command } from "commander";
import {
  addHelpTexts,
  addServerOptions,
  configOption,
  connectByFlags,
  dataDirectoryOption,
  type CommandLine,
} from "../command-line.ts";
import { readSources, resolveCommon, type CommonFlags } from "../configuration.ts";
import { storePathOf } from "../data-directory.ts";
import { ExitCode } from "../exit-code.ts";
import type { Inspection, OfflineOptions } from "../offline-store.ts";
import { serveSettings } from "../serve/serve-settings.ts";
import { createOption, findSetting } from "../setting.ts";
import { escapeText, formatBytes, formatTable } from "../terminal-text.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface OfflineFlags extends CommonFlags {
  readonly unsafeNoLock?: true;
  readonly json?: true;
}

interface Backup {
  readonly directory: string;
  readonly files: number;
  readonly copiedbytes: number;
}

const directoryHelp = "folder of the store (default: the one in the data directory)";

export function addStoreCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("store")
    .description("Look after the files in which a server keeps its logs.");
  addCheckCommand(command, commandLine);
  addStatsCommand(command, commandLine);
  addReepochCommand(command, commandLine);
  addBackupCommand(command, commandLine);
  addHelpTexts(command, {
    examples: [
      ["jobwire store backup /var/backups/jobwire/store", "while the server runs"],
      ["jobwire store check", "while it is stopped"],
    ],
  });
}

function addCheckCommand(store: Command, commandLine: CommandLine): void {
  const command = addOfflineCommand(store, "check")
    .description("Read all of a store that no server uses, and show what is damaged.")
    .option("--json", "one JSON object: what stats shows, and damages")
    .action(async (directory: string | undefined, flags: OfflineFlags) => {
      const inspection = await inspect(directory, flags, commandLine, { isThorough: true });
      if (inspection.damages.length > 0) commandLine.setExitCode(ExitCode.failure);
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire store check", "while the server is stopped"],
      ["jobwire store check /var/backups/jobwire", "of a copy"],
    ],
    notes: "It changes nothing, and exits with 1 if anything is damaged.",
  });
}

function addStatsCommand(store: Command, commandLine: CommandLine): void {
  const command = addOfflineCommand(store, "stats")
    .description("Show what is in a store that no server uses.")
    .option("--json", "one JSON object")
    .action(async (directory: string | undefined, flags: OfflineFlags) => {
      await inspect(directory, flags, commandLine, { isThorough: false });
    });
  addHelpTexts(command, { examples: [["jobwire store stats", "how much is where"]] });
}

function addReepochCommand(store: Command, commandLine: CommandLine): void {
  const command = addOfflineCommand(store, "reepoch")
    .description(
      "End the cursors of all open processes: for files that were put back as of before.",
    )
    .action(async (directory: string | undefined, flags: OfflineFlags) => {
      const { reepochOffline } = await import("../offline-store.ts");
      await reepochOffline(offlineOptions(directory, flags, commandLine));
      say(commandLine.terminal, "open processes get new epochs when a server opens the store");
    });
  addHelpTexts(command, {
    examples: [["jobwire store reepoch", "after a snapshot of the disk was put back"]],
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
      const backup = (await api.request("POST", "/v1/store/backups", request)) as Backup;
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

function describeBackup({ directory, files, copiedbytes }: Backup): string {
  return `${files} files are in ${escapeText(directory)}, ${formatBytes(copiedbytes)} of them copied and the rest linked`;
}

function addOfflineCommand(store: Command, name: string): Command {
  return store
    .command(name)
    .argument("[directory]", directoryHelp)
    .addOption(createOption(serveSettings.unsafeNoLock))
    .addOption(dataDirectoryOption())
    .addOption(configOption());
}

function offlineOptions(
  directory: string | undefined,
  flags: OfflineFlags,
  { terminal }: CommandLine,
): OfflineOptions {
  const sources = readSources({ ...flags }, terminal.environment);
  const { dataDirectory } = resolveCommon(sources);
  return {
    path: directory === undefined ? storePathOf(dataDirectory) : resolve(directory),
    unsafeNoLock: findSetting<boolean>(serveSettings.unsafeNoLock, sources)?.value === true,
  };
}

async function inspect(
  directory: string | undefined,
  flags: OfflineFlags,
  commandLine: CommandLine,
  options: { readonly isThorough: boolean },
): Promise<Inspection> {
  const { inspectOffline, describeDamage } = await import("../offline-store.ts");
  const inspection = await inspectOffline(offlineOptions(directory, flags, commandLine), options);
  const output = new TerminalOutput(commandLine.terminal.stdout);
  if (flags.json === true) await output.write(`${JSON.stringify(inspection)}\n`);
  else {
    await output.write(describeInspection(inspection));
    for (const damage of inspection.damages)
      await output.write(`damage: ${escapeText(describeDamage(damage))}\n`);
  }
  return inspection;
}

function describeInspection(inspection: Inspection): string {
  const { directory, fileSystem, storeId, format, isClosed, segments, bytes } = inspection;
  const { provenFrame, unprovenFrames, processes, openProcesses, damages } = inspection;
  const rewritten = unprovenFrames === 0 ? "" : `, ${unprovenFrames} more without a proof`;
  return formatTable([
    ["directory", escapeText(directory)],
    ["file system", fileSystem],
    ["store", `${escapeText(storeId)}, format ${format}`],
    [
      "last server",
      isClosed ? "ended as it should" : "was killed, or goes on elsewhere: this is a copy",
    ],
    ["segments", `${segments.length}, ${formatBytes(bytes)}`],
    ["frames", `${provenFrame} proven to be on disk${rewritten}`],
    ["processes", `${processes}, ${openProcesses} open`],
    ["channels", String(inspection.channels)],
    ["entries", `${inspection.entries}, ${formatBytes(inspection.entryBytes)}`],
    ["damages", String(damages.length)],
  ]);
}
