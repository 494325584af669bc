import { readSync } from "node:fs";
import { Readable } from "node:stream";
import type { ReadStream } from "node:tty";

const readBytesMax = 64 * 1024;

/**
 * What comes out of a pseudo-terminal, to its end. Node takes the hang-up of the other side for the end of
 * what is to be read, although the terminal may hold more than it had read: the rest is fetched here.
 */
export class MasterReader extends Readable {
  readonly #socket: ReadStream;
  readonly #fd: number;
  #isOver = false;

  constructor(socket: ReadStream, fd: number) {
    super({ highWaterMark: readBytesMax });
    this.#socket = socket;
    this.#fd = fd;
    socket.on("data", (chunk: Uint8Array) => {
      if (!this.push(chunk)) socket.pause();
    });
    // Before the stream closes the file.
    socket.once("end", () => this.#readRest());
    // An error says that nobody is left at the other side, and nothing to be read.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#end());
  }

  override _read(): void {
    if (!this.#isOver) this.#socket.resume();
  }

  /** Takes what is there, and nothing that comes later. */
  close(): void {
    if (!this.#socket.destroyed) this.#readRest();
    this.#socket.destroy();
  }

  #readRest(): void {
    const buffer = Buffer.alloc(readBytesMax);
    try {
      while (!this.#isOver) {
        const count = readSync(this.#fd, buffer);
        if (count === 0) return;
        this.push(Buffer.from(buffer.subarray(0, count)));
      }
    } catch {
      // EAGAIN or EIO: there is no more.
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.push(null);
  }
}
