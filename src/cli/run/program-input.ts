import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { followSignal } from "../../client/abort.ts";
import { readChannel, type ChannelItem } from "../channel-reader.ts";
import { ChannelWriter } from "./channel-writer.ts";
import { InputWindow } from "./input-window.ts";
import { JobProducer } from "./job-producer.ts";
import type { JobProcess } from "./job-process.ts";

const gatheredBytesMax = 1024 * 1024;

export interface StdinOptions {
  readonly process: JobProcess;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** A program's input: what the channel `stdin` gets, to which local input is only one of the writers. */
export class ProgramInput {
  readonly #input: Writable;
  readonly #options: StdinOptions;
  readonly #window = new InputWindow();
  #producer: JobProducer | undefined;
  /** Where to go on in the channel of this generation. */
  #reached = { generation: 0, after: "start" };

  constructor(input: Writable, options: StdinOptions) {
    this.#input = input;
    this.#options = options;
    // Before the producer is told, which takes from the window what has to be sent again.
    options.process.onRestored(() => this.#window.renew());
  }

  /** Feeds the program until the first `end` entry, which closes its input. */
  async feed(): Promise<void> {
    const { process, signal } = this.#options;
    while (!(await process.retry(() => this.#feedFromProcess(), signal)));
  }

  /** To the end of the channel; false: the process was created again meanwhile. */
  async #feedFromProcess(): Promise<boolean> {
    const { process, signal } = this.#options;
    const { generation } = process;
    if (this.#reached.generation !== generation) this.#reached = { generation, after: "start" };
    const reading = { after: this.#reached.after, signal };
    for await (const items of readChannel(process.executor, process.id, "stdin", reading)) {
      // The new channel is read from its beginning, whatever the line still holds of the old one.
      if (await process.hasChangedSince(generation)) return false;
      this.#noteReceived(items, generation);
      for (const item of items) {
        if (await this.#take(item)) return true;
        if (item.kind === "entry" && generation === process.generation)
          this.#window.consumed(item.entry.position);
      }
    }
    return true;
  }

  #noteReceived(items: readonly ChannelItem[], generation: number): void {
    for (const item of items) {
      if (item.kind !== "end") this.#reached = { generation, after: item.cursor };
      if (item.kind !== "entry") continue;
      this.#window.received(item.entry.position);
      this.#producer?.received(item.entry.producer, item.entry.sequence);
    }
  }

  /** True at the end of the input. */
  async #take(item: ChannelItem): Promise<boolean> {
    const { say, signal } = this.#options;
    if (item.kind === "gap") say(`input before position ${item.first} was lost (${item.reason})`);
    if (item.kind !== "entry") return item.kind === "end";
    const { type, payload } = item.entry;
    if (type === "data") await write(this.#input, payload, signal);
    if (type === "end") this.#input.end();
    return type === "end";
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
