import type { Readable } from "node:stream";
import type { Api } from "./api.ts";
import { ChannelWriter } from "./run/channel-writer.ts";
import type { Producer } from "./run/producer.ts";

const gatheredBytesMax = 4 * 1024 * 1024;

/** Told of bytes on their way into a channel. */
export interface InputEvents {
  readonly onTaken?: (bytes: number) => void;
  readonly onAppended?: (position: number, bytes: number) => void;
}

/** Sends input as it comes, until its end; what gathers meanwhile is one entry. */
export async function sendStream(
  api: Api,
  producer: Producer,
  input: Readable,
  { onTaken = () => undefined, onAppended = () => undefined }: InputEvents,
): Promise<void> {
  const writer = new ChannelWriter(producer, api.system, {
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
