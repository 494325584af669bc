import type { Command } from "commander";
import { isChannelError } from "../../core/errors.ts";
import { defaultSystem } from "../../core/system.ts";
import type { JsonChannel, JsonGrant, JsonProcess } from "../../protocol/index.ts";
import type { Api } from "../api.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { listChannels, listGrants } from "../process-api.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { escapeText, fitText, formatAge, formatBytes, formatTable } from "../terminal-text.ts";
import { TerminalOutput } from "../terminal.ts";
import { formatGrants } from "./grant.ts";
import { describeOutcome, describeState } from "./ps.ts";

interface InspectFlags extends CommonFlags {
  readonly json?: true;
}

interface Inspection {
  readonly process: JsonProcess;
  readonly channels: readonly JsonChannel[];
  /** Absent for those who may not see them. */
  readonly grants?: readonly JsonGrant[];
}

export function addInspectCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("inspect")
    .description("Show everything about a process: who, when, its channels, its grants.")
    .argument("<process>", processNameHelp)
    .option("--json", "one JSON object: process, channels, grants")
    .action(async (name: string, flags: InspectFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const inspection = await inspect(api, await resolveProcess(api, name));
      const printed =
        flags.json === true
          ? `${JSON.stringify(inspection)}\n`
          : describe(inspection, defaultSystem.clock.now());
      await new TerminalOutput(commandLine.terminal.stdout).write(printed);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire inspect train", "how much is where"],
      ["jobwire inspect @last --json | jq .process.outcome", "for programs"],
    ],
  });
}

async function inspect(api: Api, process: JsonProcess): Promise<Inspection> {
  const channels = await listChannels(api, process.id);
  try {
    return { process, channels, grants: await listGrants(api, process.id) };
  } catch (error) {
    if (isChannelError(error, "forbidden")) return { process, channels };
    throw error;
  }
}

function describe({ process, channels, grants }: Inspection, now: number): string {
  const parts = [describeProcess(process, now), describeChannels(channels)];
  if (grants !== undefined && grants.length > 0) parts.push(formatGrants(grants, now));
  return parts.join("\n");
}

/** Texts of others are escaped. */
function describeProcess(process: JsonProcess, now: number): string {
  const { id, label, submitterid, executorid, executors, cancelrequest, leasems } = process;
  const time = (text: string | undefined): string =>
    text === undefined ? "" : `${text} (${formatAge(now - Date.parse(text))} ago)`;
  const rows: readonly (readonly [string, string])[] = [
    ["id", id],
    ["name", label ?? ""],
    ["state", describeState(process)],
    ["outcome", describeOutcome(process)],
    ["exit code", process.outcome?.exitcode?.toString() ?? ""],
    ["submitter", submitterid],
    ["executor", executorid ?? ""],
    ["candidates", executors?.join(", ") ?? ""],
    ["cancel", cancelrequest === undefined ? "" : `${cancelrequest.by}, ${time(cancelrequest.at)}`],
    ["created", time(process.createdat)],
    ["started", time(process.startedat)],
    ["closed", time(process.closedat)],
    ["kept until", process.expiresat ?? ""],
    ["lease", leasems === undefined ? "" : `${leasems / 1000} s`],
    ["term", String(process.term)],
    ["epoch", process.epoch],
  ];
  return formatTable(
    rows.filter(([, value]) => value !== "").map(([name, value]) => [name, escapeText(value)]),
  );
}

function describeChannels(channels: readonly JsonChannel[]): string {
  const rows = channels.map(({ spec, first, last, bytes }) => [
    fitText(spec.name, 64),
    String(first),
    String(last),
    formatBytes(bytes),
    spec.maxlogbytes === undefined ? "-" : formatBytes(spec.maxlogbytes),
    spec.whenfull ?? "",
    spec.writers ?? "",
  ]);
  return formatTable([
    ["CHANNEL", "FIRST", "LAST", "BYTES", "LIMIT", "WHEN FULL", "WRITERS"],
    ...rows,
  ]);
}
