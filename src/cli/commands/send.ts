import type { Readable } from "node:stream";
import type { Command } from "commander";
import { payloadBytesMax } from "../../core/limits.ts";
import type { Channel } from "../../client/index.ts";
import {
  addHelpTexts,
  addServerOptions,
  connectByFlags,
  type CommandLine,
} from "../command-line.ts";
import type { CommonFlags } from "../configuration.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { createAppender, sendStream } from "../input-stream.ts";
import { processNameHelp, resolveProcess } from "../process-name.ts";
import { TerminalOutput } from "../terminal.ts";

interface SendFlags extends CommonFlags {
  readonly end?: true;
  readonly whole?: true;
  readonly newline: boolean;
  readonly json?: true;
}

export function addSendCommand(program: Command, commandLine: CommandLine): void {
  const command = program
    .command("send")
    .description("Send text, or what comes on standard input, into a channel.")
    .argument("<process>", processNameHelp)
    .argument("<channel>", "stdin for what the program is to read")
    .argument("[text]", "without it standard input is sent as it comes")
    .option(
      "--end",
      "nothing follows: finishes this stream; on stdin it closes the program's input",
    )
    .option("--whole", "all of standard input is one entry, up to 10 MiB")
    .option("--no-newline", "do not add a line end to text for stdin")
    .option("--json", "print how many entries were added and the last one's position as JSON")
    .action(async (name: string, channel: string, text: string | undefined, flags: SendFlags) => {
      const api = await connectByFlags(flags, commandLine);
      const { id } = await resolveProcess(api, name);
      const input = commandLine.terminal.stdin;
      const target = api.wire().process(id).channel(channel);
      const added = await api.whileReachable(() => send(target, { text, flags, input }));
      if (flags.json === true)
        await new TerminalOutput(commandLine.terminal.stdout).write(`${JSON.stringify(added)}\n`);
    });
  addServerOptions(command);
  addHelpTexts(command, {
    examples: [
      ["jobwire send train stdin yes", "answer its question: text for stdin ends its line"],
      ["jobwire send @last stdin --end < data.csv", "a file as all of its input"],
      ["jobwire send train control '{\"pause\":true}'", "a message of your own kind"],
    ],
  });
}

interface Sending {
  readonly text: string | undefined;
  readonly flags: SendFlags;
  readonly input: Readable;
}

interface Added {
  readonly entries: number;
  readonly position: number;
}

async function send(channel: Channel, { text, flags, input }: Sending): Promise<Added> {
  const appender = createAppender(channel);
  let added: Added = { entries: 0, position: 0 };
  const count = (position: number): void => {
    added = { entries: added.entries + 1, position };
  };
  if (text !== undefined || flags.whole === true) {
    const payload =
      text === undefined ? await readWhole(input) : encodeText(text, channel.name, flags.newline);
    // Nothing but the end is asked for by an empty text with --end.
    if (payload.byteLength > 0 || flags.end !== true) count(await appender.append({ payload }));
  } else if (flags.end !== true || !("isTTY" in input) || input.isTTY !== true) {
    await sendStream(appender, input, { onAppended: count });
  }
  if (flags.end === true) count(await appender.append({ type: "end" }));
  return added;
}

/** A program that reads its input by lines waits for the end of one. */
function encodeText(text: string, channel: string, endsLine: boolean): Uint8Array {
  const needsEnd = channel === "stdin" && endsLine && text !== "" && !text.endsWith("\n");
  return Buffer.from(needsEnd ? `${text}\n` : text);
}

async function readWhole(input: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > payloadBytesMax)
      throw new CommandError("the input is larger than one entry may be, 10 MiB", ExitCode.usage);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
