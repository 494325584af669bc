import type { Command } from "commander";
import type { GrantView } from "../../core/broker/grants.ts";
import type { ChannelView, ProcessView } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import { defaultSystem } from "../../core/system.ts";
import {
  encodeChannelView,
  encodeGrant,
  encodeProcess,
  encodeTime,
} from "../../protocol/json-form.ts";
import type { Api } from "../api.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { escapeText, fitText, formatAge, formatBytes, formatTable } from "../terminal-text.ts";
import { TerminalOutput } from "../terminal.ts";
import { formatGrants } from "./grant.ts";
import { describeOutcome, describeState } from "./ps.ts";

interface InspectFlags extends CommonFlags {
  readonly json?: true;
}

interface Inspection {
  readonly process: ProcessView;
  readonly channels: readonly ChannelView[];
  /** Absent for those who may not see them. */
  readonly grants?: readonly GrantView[];
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
          ? `${JSON.stringify(encodeInspection(inspection))}\n`
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

async function inspect(api: Api, process: ProcessView): Promise<Inspection> {
  const channels = await api.ask((wire) => wire.process(process.id).channels());
  try {
    const grants = await api.ask((wire) => wire.process(process.id).grants());
    return { process, channels, grants };
  } catch (error) {
    if (isChannelError(error, "forbidden")) return { process, channels };
    throw error;
  }
}

function encodeInspection({ process, channels, grants }: Inspection): object {
  return {
    process: encodeProcess(process),
    channels: channels.map(encodeChannelView),
    ...(grants === undefined ? {} : { grants: grants.map(encodeGrant) }),
  };
}

function describe({ process, channels, grants }: Inspection, now: number): string {
  const parts = [describeProcess(process, now), describeChannels(channels)];
  if (grants !== undefined && grants.length > 0) parts.push(formatGrants(grants, now));
  return parts.join("\n");
}

/** Texts of others are escaped. */
function describeProcess(process: ProcessView, now: number): string {
  const { cancelRequest, expiresAt, leaseMs, outcome } = process;
  const time = (ms: number | undefined): string =>
    ms === undefined ? "" : `${encodeTime(ms)} (${formatAge(now - ms)} ago)`;
  const rows: readonly (readonly [string, string])[] = [
    ["id", process.id],
    ["name", process.label],
    ["state", describeState(process)],
    ["outcome", describeOutcome(outcome)],
    ["exit code", outcome?.exitCode?.toString() ?? ""],
    ["submitter", process.submitterId],
    ["executor", process.executorId],
    ["candidates", process.executors.join(", ")],
    ["cancel", cancelRequest === undefined ? "" : `${cancelRequest.by}, ${time(cancelRequest.at)}`],
    ["created", time(process.createdAt)],
    ["started", time(process.startedAt)],
    ["closed", time(process.closedAt)],
    ["kept until", expiresAt === undefined ? "" : encodeTime(expiresAt)],
    ["lease", leaseMs === undefined ? "" : `${leaseMs / 1000} s`],
    ["term", String(process.term)],
    ["epoch", process.epoch],
  ];
  return formatTable(
    rows.filter(([, value]) => value !== "").map(([name, value]) => [name, escapeText(value)]),
  );
}

function describeChannels(channels: readonly ChannelView[]): string {
  const rows = channels.map(({ spec, first, last, keptBytes }) => [
    fitText(spec.name, 64),
    String(first),
    String(last),
    formatBytes(keptBytes),
    spec.maxLogBytes === Infinity ? "-" : formatBytes(spec.maxLogBytes),
    spec.whenFull,
    spec.writers,
  ]);
  return formatTable([
    ["CHANNEL", "FIRST", "LAST", "BYTES", "LIMIT", "WHEN FULL", "WRITERS"],
    ...rows,
  ]);
}
