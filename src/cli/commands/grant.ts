import type { Command } from "commander";
import type { NewGrant } from "../../client/index.ts";
import type { GrantView } from "../../core/broker/grants.ts";
import type { ProcessView } from "../../core/broker/views.ts";
import { defaultBrokerLimits } from "../../core/limits.ts";
import type { GrantOp } from "../../core/process-record.ts";
import { defaultSystem } from "../../core/system.ts";
import { encodeGrant, encodeTime } from "../../protocol/json-form.ts";
import type { Api } from "../api.ts";
import {
  addHelpTexts,
  addServerOptions,
  channelsOption,
  connectByFlags,
  durationOption,
  opsOption,
  type CommandLine,
} from "../command-line.ts";
import { sharedAddress } from "../console-link.ts";
import type { CommonFlags } from "../configuration.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { fitText, formatAge, formatTable } from "../terminal-text.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface CreateFlags extends CommonFlags {
  readonly ops: readonly GrantOp[];
  readonly channels?: readonly string[];
  readonly expires: number;
  readonly json?: true;
}

interface ListFlags extends CommonFlags {
  readonly json?: true;
}

export function addGrantCommand(program: Command, commandLine: CommandLine): void {
  const grant = program
    .command("grant")
    .description(
      "Give others access to a process, without a token: to read, to append, to cancel.",
    );
  addCreateCommand(grant, commandLine);
  addListCommand(grant, commandLine);
  addRevokeCommand(grant, commandLine);
  addHelpTexts(grant, {
    examples: [
      ["jobwire grant create train", "whoever gets what it prints reads all of it, for a day"],
      ["jobwire grant list train", "who has access"],
      ["jobwire grant revoke train 4f8k2m9x1c7d", "and has no longer"],
    ],
  });
}

function addCreateCommand(grant: Command, commandLine: CommandLine): void {
  const command = grant
    .command("create")
    .description("Make a grant. What its holder presents is printed once and kept nowhere.")
    .argument("<process>", processNameHelp)
    .addOption(opsOption("what its holder may do").default(["read"], "read"))
    .addOption(channelsOption())
    .addOption(
      durationOption("--expires <time>", "how long it counts", {
        defaultText: "24h",
        msMax: defaultBrokerLimits.grantLifeMsMax,
      }),
    )
    .option("--json", "print the grant as JSON")
    .action(async (name: string, flags: CreateFlags) => {
      const { ops, channels, expires: expiresInMs } = flags;
      const api = await connectByFlags(flags, commandLine);
      const process = await resolveProcess(api, name);
      const given = channels === undefined ? {} : { channels };
      const created = await api.ask((wire) =>
        wire.process(process.id).grant({ ops, ...given, expiresInMs }),
      );
      const printed =
        flags.json === true
          ? `${JSON.stringify({ ...encodeGrant(created), grant: created.grant })}\n`
          : describeGrant(created, api, process);
      await new TerminalOutput(commandLine.terminal.stdout).write(printed);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire grant create train --expires 7d", "to read all channels, for a week"],
      ["jobwire grant create train --ops read,append --channels stdin", "to answer its questions"],
    ],
  });
}

/** With lines to paste: whoever gets a grant may have nothing but curl. */
function describeGrant(created: NewGrant, { url }: Api, process: ProcessView): string {
  const { id, grant, ops, channels, expiresAt } = created;
  const processUrl = `${url}/v1/processes/${process.id}`;
  const entries = `${processUrl}/channels/${shownChannel(process, channels)}/entries`;
  const header = `-H "Authorization: Bearer ${grant}"`;
  const curl: Readonly<Record<GrantOp, readonly string[][]>> = {
    read: [
      ["read", `curl -N ${header} -H "Accept: application/octet-stream" ${entries}`],
      ["page", `${entries}?format=text&grant=${grant}`],
      ["console", sharedAddress(created, url)],
    ],
    append: [["append", `curl ${header} --data-binary @- ${entries}`]],
    cancel: [["cancel", `curl ${header} -X POST ${processUrl}/cancel`]],
  };
  return formatTable([
    ["grant", grant],
    ["id", id],
    [
      "may",
      `${ops.join(", ")} · ${channels?.join(", ") ?? "all channels"} · until ${encodeTime(expiresAt)}`,
    ],
    ...ops.flatMap((op) => curl[op]),
    ["here", `JOBWIRE_URL=${url} JOBWIRE_TOKEN=${grant} jobwire tail ${process.id}`],
  ]);
}

/** The one that is worth showing first. */
function shownChannel({ channels }: ProcessView, granted: readonly string[] | undefined): string {
  const names = channels.map(({ name }) => name).filter((name) => granted?.includes(name) ?? true);
  return names.includes("stdout") ? "stdout" : (names[0] ?? granted?.[0] ?? "stdout");
}

function addListCommand(grant: Command, commandLine: CommandLine): void {
  const command = grant
    .command("list")
    .description("List the grants of a process that have not expired.")
    .argument("<process>", processNameHelp)
    .option("--json", "one JSON object a line")
    .action(async (name: string, flags: ListFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      const grants = await api.ask((wire) => wire.process(id).grants());
      const printed =
        flags.json === true
          ? grants.map((one) => `${JSON.stringify(encodeGrant(one))}\n`).join("")
          : formatGrants(grants, defaultSystem.clock.now());
      await new TerminalOutput(commandLine.terminal.stdout).write(printed);
    });
  addServerOptions(command);
  addHelpTexts(command, { examples: [["jobwire grant list train", "who has access, until when"]] });
}

export function formatGrants(grants: readonly GrantView[], now: number): string {
  const rows = grants.map(({ id, ops, channels, expiresAt, createdBy }) => [
    id,
    ops.join(", "),
    fitText(channels?.join(", ") ?? "all", 40),
    formatAge(expiresAt - now),
    fitText(createdBy, 32),
  ]);
  return formatTable([["GRANT", "MAY", "CHANNELS", "EXPIRES IN", "MADE BY"], ...rows]);
}

function addRevokeCommand(grant: Command, commandLine: CommandLine): void {
  const command = grant
    .command("revoke")
    .description("Take a grant away: its streams end, and its holder adds nothing any more.")
    .argument("<process>", processNameHelp)
    .argument("<grant>", "its id, as list shows it")
    .action(async (name: string, grantId: string, flags: CommonFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      await api.ask((wire) => wire.process(id).revoke(grantId));
      say(commandLine.terminal, `grant ${grantId} of ${id} is revoked`);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire grant revoke train 4f8k2m9x1c7d", "the id is in: jobwire grant list train"],
    ],
  });
}
