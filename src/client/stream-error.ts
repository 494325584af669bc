import type { ChannelEntry } from "./reader.ts";

/** The other side has finished its stream with an entry of the type `error`; its text is the message. */
export class StreamError extends Error {
  readonly entry: ChannelEntry;

  constructor(entry: ChannelEntry) {
    super(entry.error === "" ? "the stream was given up" : entry.error);
    this.name = "StreamError";
    this.entry = entry;
  }
}
