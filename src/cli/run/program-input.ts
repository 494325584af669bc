import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { followSignal } from "../../client/abort.ts";
import type { ChannelEntry } from "../../client/index.ts";
import type { ChannelItem } from "../../client/channel-reader.ts";
import { ChannelWriter } from "./channel-writer.ts";
import { InputWindow } from "./input-window.ts";
import { JobProducer } from "./job-producer.ts";
import type { JobProcess } from "./job-process.ts";
import { JobReader } from "./job-reader.ts";

const gatheredBytesMax = 1024 * 1024;

export interface StdinOptions {
  readonly process: JobProcess;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Whether the program gets this; what comes from here it always gets. Everything unless given. */
  readonly accepts?: (entry: ChannelEntry) => boolean;
  /** What tells the end of input to a program whose input stays open, after that last byte. */
  readonly endOfInput?: (lastByte: number | undefined) => Uint8Array;
}

/** A program's input: what the channel `stdin` gets, to which local input is only one of the writers. */
export class ProgramInput {
  readonly #input: Writable;
  readonly #options: StdinOptions;
  readonly #window = new InputWindow();
  #producer: JobProducer | undefined;
  #lastByte: number | undefined;

  constructor(input: Writable, options: StdinOptions) {
    this.#input = input;
    this.#options = options;
    // Before the producer is told, which takes from the window what has to be sent again.
    options.process.onRestored(() => this.#window.renew());
  }

  /** Feeds the program until the first `end` entry, which closes its input, or the end of a terminal's channel. */
  async feed(): Promise<void> {
    const { process, signal } = this.#options;
    const reader = new JobReader(process, "stdin", signal);
    await reader.read(async (items, generation) => {
      this.#noteReceived(items);
      for (const item of items) {
        if (await this.#take(item)) return true;
        if (item.kind === "entry" && generation === process.generation)
          this.#window.consumed(item.entry.position);
      }
      return false;
    });
  }

  #noteReceived(items: readonly ChannelItem[]): void {
    for (const item of items) {
      if (item.kind !== "entry") continue;
      this.#window.received(item.entry.position);
      this.#producer?.received(item.entry.producer, item.entry.sequence);
    }
  }

  /** True at the end of the input. */
  async #take(item: ChannelItem): Promise<boolean> {
    const { say, signal, accepts = () => true, endOfInput } = this.#options;
    if (item.kind === "gap") say(`input before position ${item.first} was lost (${item.reason})`);
    if (item.kind !== "entry") return item.kind === "end";
    const { type, payload, producer } = item.entry;
    if (producer !== this.#producer?.id && !accepts(item.entry)) return false;
    if (type === "data") await this.#write(payload, signal);
    if (type !== "end") return false;
    if (endOfInput === undefined) this.#input.end();
    else await this.#write(endOfInput(this.#lastByte), signal);
    return endOfInput === undefined;
  }

  async #write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#lastByte = bytes.at(-1) ?? this.#lastByte;
    await write(this.#input, bytes, signal);
  }

  /** Local input goes into the channel like anybody's, its end too. Returns a function that stops it. */
  copyLocal(source: Readable): () => void {
    const { process, signal, say } = this.#options;
    const window = this.#window;
    const producer = new JobProducer({
      process,
      channel: "stdin",
      role: "submitter",
      signal,
      onAcknowledged: (entry, position) => window.acknowledged(entry, position),
      renewedEntries: () => window.unsent,
    });
    this.#producer = producer;
    const resume = (): void => {
      if (!window.isFull) source.resume();
    };
    const writer = new ChannelWriter(producer, process.submitter.system, {
      bytesMax: gatheredBytesMax,
      onRoom: resume,
    });
    window.onRoom = resume;
    source.on("data", (chunk: Uint8Array) => {
      if (!writer.push(chunk) || window.isFull) source.pause();
    });
    source.once("end", () => writer.end());
    source.once("error", (error) => {
      say(`local input broke: ${error.message}`);
      writer.end();
    });
    writer.finished.catch((error: unknown) => {
      if (!signal.aborted)
        say(
          `local input goes nowhere any more: ${error instanceof Error ? error.message : String(error)}`,
        );
      source.destroy();
    });
    return () => source.destroy();
  }
}

/** Back-pressure of the program's pipe stops the reading of the channel. */
async function write(output: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (output.destroyed || output.writableEnded) return;
  if (output.write(bytes)) return;
  const { controller, unfollow } = followSignal(signal);
  const options = { signal: controller.signal };
  try {
    await Promise.race([once(output, "drain", options), once(output, "close", options)]);
  } catch {
    // The program closed its input; what comes is for nobody. An abort ends the reading above.
  } finally {
    controller.abort();
    unfollow();
  }
}
