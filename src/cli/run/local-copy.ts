import type { Readable, Writable } from "node:stream";
import type { ChannelWriter } from "./channel-writer.ts";

/**
 * What a program prints goes to its channel and, unchanged, to the terminal. The program is made to wait
 * while either has enough.
 */
export class OutputCopy {
  readonly #source: Readable;
  readonly #local: Writable;
  #writer: ChannelWriter | undefined;
  #isLocalGone = false;
  #isLocalFull = false;
  #isWriterFull = false;

  constructor(source: Readable, local: Writable) {
    this.#source = source;
    this.#local = local;
    // `run … | head`: the job goes on without its first reader.
    local.on("error", () => {
      this.#isLocalGone = true;
      this.#isLocalFull = false;
      this.#goOn();
    });
    local.on("drain", () => {
      this.#isLocalFull = false;
      this.#goOn();
    });
  }

  /** The writer has room again. */
  readonly onRoom = (): void => {
    this.#isWriterFull = false;
    this.#goOn();
  };

  /** Begins to read the program's output. Settles when it has ended or was abandoned. */
  async start(writer: ChannelWriter): Promise<void> {
    this.#writer = writer;
    this.#source.on("data", (chunk: Uint8Array) => this.#take(chunk));
    await new Promise<void>((resolve) => {
      this.#source.once("close", resolve);
      // A broken pipe is an end like another.
      this.#source.once("error", () => undefined);
    });
    writer.end();
  }

  #take(chunk: Uint8Array): void {
    this.#isWriterFull = this.#writer?.push(chunk) === false;
    if (!this.#isLocalGone) this.#isLocalFull = !this.#local.write(chunk);
    if (this.#isWriterFull || this.#isLocalFull) this.#source.pause();
  }

  #goOn(): void {
    if (!this.#isWriterFull && !this.#isLocalFull) this.#source.resume();
  }
}
