import { readChannel, type ChannelItem } from "../../client/channel-reader.ts";
import type { JobProcess } from "./job-process.ts";

/** What came together, and how often the process had been created again then. True: that is enough. */
export type ItemsTaker = (
  items: readonly ChannelItem[],
  generation: number,
) => Promise<boolean> | boolean;

/** Reads a channel of a job from its beginning, and begins anew in a process that was created again. */
export class JobReader {
  readonly #process: JobProcess;
  readonly #channel: string;
  readonly #signal: AbortSignal;
  /** Where to go on in the channel of this generation. */
  #reached = { generation: 0, after: "start" };

  constructor(process: JobProcess, channel: string, signal: AbortSignal) {
    this.#process = process;
    this.#channel = channel;
    this.#signal = signal;
  }

  async read(take: ItemsTaker): Promise<void> {
    while (!(await this.#process.retry(() => this.#readFromProcess(take), this.#signal)));
  }

  /** To the end of the channel; false: the process was created again meanwhile. */
  async #readFromProcess(take: ItemsTaker): Promise<boolean> {
    const process = this.#process;
    const { generation } = process;
    if (this.#reached.generation !== generation) this.#reached = { generation, after: "start" };
    const reading = { after: this.#reached.after, signal: this.#signal };
    for await (const items of readChannel(
      process.executor.wire(),
      process.id,
      this.#channel,
      reading,
    )) {
      // The new channel is read from its beginning, whatever the line still holds of the old one.
      if (await process.hasChangedSince(generation)) return false;
      for (const item of items)
        if (item.kind !== "end") this.#reached = { generation, after: item.cursor };
      if (await take(items, generation)) return true;
    }
    return true;
  }
}
