import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { followSignal } from "../abort.ts";
import type { Api } from "../api.ts";
import { readChannel } from "../channel-reader.ts";
import { ChannelWriter } from "./channel-writer.ts";
import { Producer } from "./producer.ts";

const MiB = 1024 * 1024;
const gatheredBytesMax = MiB;

/** Local input that is in the channel and not yet in the program. Far less than the channel keeps. */
const aheadBytesMax = 16 * MiB;

/**
 * How far the copy of local input is ahead of the program. The channel trims its oldest entries when
 * full; with this none is trimmed that the program has not read.
 */
export class InputWindow {
  readonly #ahead: { readonly position: number; readonly bytes: number }[] = [];
  #bytes = 0;
  #consumed = 0;
  onRoom: () => void = () => undefined;

  get isFull(): boolean {
    return this.#bytes >= aheadBytesMax;
  }

  appended(position: number, bytes: number): void {
    // The program may be told of an entry before its sender is.
    if (position <= this.#consumed) return;
    this.#ahead.push({ position, bytes });
    this.#bytes += bytes;
  }

  consumed(position: number): void {
    this.#consumed = position;
    const wasFull = this.isFull;
    for (
      let first = this.#ahead[0];
      first !== undefined && first.position <= position;
      first = this.#ahead[0]
    ) {
      this.#bytes -= first.bytes;
      this.#ahead.shift();
    }
    if (wasFull && !this.isFull) this.onRoom();
  }
}

export interface StdinOptions {
  readonly api: Api;
  readonly processId: string;
  readonly signal: AbortSignal;
  readonly window: InputWindow;
  readonly say: (text: string) => void;
}

/** What the channel `stdin` gets goes into the program; the first `end` entry closes its input. */
export async function feedProgram(input: Writable, options: StdinOptions): Promise<void> {
  const { api, processId, signal, window, say } = options;
  for await (const items of readChannel(api, processId, "stdin", { after: "start", signal })) {
    for (const item of items) {
      if (item.kind === "gap") say(`input before position ${item.first} was lost (${item.reason})`);
      if (item.kind === "end") return;
      if (item.kind !== "entry") continue;
      const { type, payload, position } = item.entry;
      if (type === "end") {
        input.end();
        return;
      }
      if (type === "data") await write(input, payload, signal);
      window.consumed(position);
    }
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

/** Local input goes into the channel like anybody's, its end too. Returns a function that stops it. */
export function copyLocalInput(source: Readable, options: StdinOptions): () => void {
  const { api, processId, signal, window, say } = options;
  const producer = new Producer(api, { processId, channel: "stdin", signal });
  const resume = (): void => {
    if (!window.isFull) source.resume();
  };
  const writer = new ChannelWriter(producer, api.system, {
    bytesMax: gatheredBytesMax,
    onRoom: resume,
    onAppended: (position, bytes) => window.appended(position, bytes),
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
