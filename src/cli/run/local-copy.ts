import type { Readable, Writable } from "node:stream";

/** Takes a chunk of output; false: enough for now. */
export type OutputReader = (chunk: Uint8Array) => boolean;

/** What a program prints goes unchanged to several readers. It is made to wait while any of them has enough. */
export class OutputCopy {
  readonly #source: Readable;
  readonly #readers: OutputReader[] = [];
  readonly #full = new Set<OutputReader>();

  constructor(source: Readable) {
    this.#source = source;
  }

  /** Returns what is to be called when the reader has room again. */
  addReader(reader: OutputReader): () => void {
    this.#readers.push(reader);
    return () => {
      this.#full.delete(reader);
      if (this.#full.size === 0) this.#source.resume();
    };
  }

  addStream(local: Writable): void {
    let isGone = false;
    const onRoom = this.addReader((chunk) => isGone || local.write(chunk));
    local.on("drain", onRoom);
    // `run … | head`: the job goes on without its first reader.
    local.on("error", () => {
      isGone = true;
      onRoom();
    });
  }

  /** Begins to read the program's output. Settles when it has ended or was abandoned. */
  async start(): Promise<void> {
    this.#source.on("data", (chunk: Uint8Array) => this.#take(chunk));
    await new Promise<void>((resolve) => {
      this.#source.once("close", resolve);
      // A broken pipe is an end like another.
      this.#source.once("error", () => undefined);
    });
  }

  #take(chunk: Uint8Array): void {
    for (const reader of this.#readers) if (!reader(chunk)) this.#full.add(reader);
    if (this.#full.size > 0) this.#source.pause();
  }
}
