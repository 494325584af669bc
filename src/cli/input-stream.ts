import type { Readable } from "node:stream";
import type { Channel } from "../client/index.ts";
import { defaultSystem } from "../core/system.ts";
import { ChannelWriter, type Appender } from "./run/channel-writer.ts";

const gatheredBytesMax = 4 * 1024 * 1024;

/** Told of bytes on their way into a channel. */
export interface InputEvents {
  readonly onTaken?: (bytes: number) => void;
  readonly onAppended?: (position: number, bytes: number) => void;
}

/** A channel as a writer takes it: each entry is added once, however often it has to be sent. */
export function createAppender(channel: Channel): Appender {
  return {
    async append({ payload = new Uint8Array(0), type = "data" }) {
      const { position } = await channel.send(payload, { type });
      return position;
    },
  };
}

/** Sends input as it comes, until its end; what gathers meanwhile is one entry. */
export async function sendStream(
  appender: Appender,
  input: Readable,
  { onTaken = () => undefined, onAppended = () => undefined }: InputEvents,
): Promise<void> {
  const writer = new ChannelWriter(appender, defaultSystem, {
    bytesMax: gatheredBytesMax,
    hasEndEntry: false,
    onRoom: () => input.resume(),
    onAppended,
  });
  input.on("data", (chunk: Uint8Array) => {
    onTaken(chunk.byteLength);
    if (!writer.push(chunk)) input.pause();
  });
  input.once("end", () => writer.end());
  const broken = new Promise<never>((_, reject) => input.once("error", reject));
  try {
    await Promise.race([writer.finished, broken]);
  } finally {
    input.destroy();
  }
}
