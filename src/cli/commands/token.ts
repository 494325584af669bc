import type { Command } from "commander";
import { defaultSystem } from "../../core/system.ts";
import { mintToken } from "../../server/token-minting.ts";
import type { GrantOp } from "../../core/process-record.ts";
import {
  addHelpTexts,
  addServerOptions,
  channelsOption,
  configOption,
  configure,
  dataDirectoryOption,
  durationOption,
  opsOption,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { connect } from "../connection.ts";
import { localIdentity } from "../local-token.ts";
import { resolveProcess } from "../process-name.ts";
import { requireSecret, rotateSecret } from "../secret-file.ts";
import { say, TerminalOutput } from "../terminal.ts";

interface TokenFlags extends CommonFlags {
  readonly identity?: string;
  readonly admin?: true;
  readonly process?: string;
  readonly channels?: readonly string[];
  readonly ops?: readonly GrantOp[];
  readonly expires: number;
  readonly json?: true;
}

interface RotateFlags extends CommonFlags {
  readonly overlap: number;
}

export function addTokenCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("token")
    .description("Make a token, on the machine where the server runs and as its user.")
    .option("--identity <name>", "who its holder is (default: you)")
    .option("--admin", "its holder may do everything for everyone")
    .option("--process <process>", "for this process only: its id, its name, or @last")
    .addOption(channelsOption())
    .addOption(opsOption("only these of what the identity may do"))
    .addOption(durationOption("--expires <time>", "how long it counts", { defaultText: "1h" }))
    .option("--json", 'print {"token":…,"identity":…,"expiresat":…}')
    .action(async (flags: TokenFlags) => {
      await mint(flags, commandLine);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["TOKEN=$(jobwire token)", "for requests of your own, for an hour"],
      ["jobwire token --identity worker-1 --expires 30d", "for somebody else"],
      ["jobwire token --process train --ops read", "to read this process, and nothing else"],
      ["jobwire token rotate", "sign with another secret from now on"],
    ],
    notes:
      "--process, --channels and --ops take away from what the identity may do; a grant gives to others: jobwire grant.",
  });
  addRotateCommand(command, commandLine);
}

async function mint(flags: TokenFlags, commandLine: CommandLine): Promise<void> {
  const { admin, process, channels, ops, expires, identity = localIdentity() } = flags;
  const configuration = configure(flags, commandLine);
  const secret = await requireSecret(configuration.dataDirectory);
  const processId =
    process === undefined
      ? undefined
      : (await resolveProcess(await connect(configuration), process)).id;
  const now = defaultSystem.clock.now();
  const expiresAt = now + expires;
  const claims = {
    identity,
    isAdmin: admin === true,
    ...(processId === undefined ? {} : { processId }),
    ...(channels === undefined ? {} : { channels }),
    ...(ops === undefined ? {} : { ops }),
  };
  const token = await mintToken(secret, claims, { now, expiresAt });
  const expiresat = new Date(expiresAt).toISOString();
  const printed = flags.json === true ? JSON.stringify({ token, identity, expiresat }) : token;
  await new TerminalOutput(commandLine.terminal.stdout).write(`${printed}\n`);
}

function addRotateCommand(token: Command, commandLine: CommandLine): void {
  const command = token
    .command("rotate")
    .description(
      "Replace the server's secret. A running server takes the new one without a restart.",
    )
    .addOption(
      durationOption("--overlap <time>", "how long tokens of the old secret still count", {
        defaultText: "24h",
        msMin: 0,
      }),
    )
    .addOption(dataDirectoryOption())
    .addOption(configOption())
    .action(async (flags: RotateFlags) => {
      const { dataDirectory } = configure(flags, commandLine);
      const now = defaultSystem.clock.now();
      await rotateSecret(dataDirectory, { now, overlapMs: flags.overlap });
      const until = new Date(now + flags.overlap).toISOString();
      say(
        commandLine.terminal,
        flags.overlap === 0
          ? "a new secret signs; tokens of the old one count no more, on a running server within 10 s"
          : `a new secret signs; tokens of the old one count until ${until}`,
      );
    });
  addHelpTexts(command, {
    examples: [
      ["jobwire token rotate", "nobody notices who gets new tokens within a day"],
      ["jobwire token rotate --overlap 0s", "a token was lost: none of before counts"],
    ],
  });
}
