import type { Duplex } from "node:stream";

/** What a frame may hold of memory without asking: more than is read of a socket at a time. */
const freeBytes = 128 * 1024;

export interface IntakeOptions {
  /** Counts bytes of a frame that is not whole yet; returns what gives them back. Throws what ends the connection. */
  readonly count: (bytes: number) => () => void;
  readonly onRefused: (error: unknown) => void;
}

/** Counts what a peer has sent of a frame that is not whole: a thousand of them must not fill the memory. */
export class SocketIntake {
  readonly #raw: Duplex;
  readonly #options: IntakeOptions;
  readonly #listener = (chunk: Buffer): void => this.#take(chunk.byteLength);
  #releases: (() => void)[] = [];
  #counted = freeBytes;
  /** Since the last whole frame; what was read together with its end counts for the next one. */
  #bytes = 0;

  constructor(raw: Duplex, options: IntakeOptions) {
    this.#raw = raw;
    this.#options = options;
    raw.on("data", this.#listener);
  }

  /** A frame is whole. */
  reset(): void {
    this.#bytes = 0;
    this.#counted = freeBytes;
    for (const release of this.#releases) release();
    this.#releases = [];
  }

  /** Nothing is counted any more. */
  close(): void {
    this.#raw.off("data", this.#listener);
    this.reset();
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#counted) return;
    try {
      // Twice as much each time: a large frame asks few times.
      this.#releases.push(this.#options.count(this.#counted));
      this.#counted *= 2;
    } catch (error) {
      this.#options.onRefused(error);
    }
  }
}
