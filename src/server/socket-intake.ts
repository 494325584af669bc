import type { Duplex } from "node:stream";

/** What a frame may hold of memory without asking: more than is read of a socket at a time. */
const freeBytes = 128 * 1024;

export interface IntakeOwner {
  /** Counts bytes of a frame that is not whole yet; returns what gives them back. Throws what ends the connection. */
  countIntake(bytes: number): () => void;
  end(error: unknown): void;
}

/** Of most frames nothing is counted: an idle connection holds no list of its own. */
const none: readonly (() => void)[] = [];

/** Counts what a peer has sent of a frame that is not whole: a thousand of them must not fill the memory. */
export class SocketIntake {
  readonly #raw: Duplex;
  readonly #owner: IntakeOwner;
  readonly #listener = (chunk: Buffer): void => this.#take(chunk.length);
  #releases = none;
  #counted = freeBytes;
  /** Since the last whole frame; what was read together with its end counts for the next one. */
  #bytes = 0;

  constructor(raw: Duplex, owner: IntakeOwner) {
    this.#raw = raw;
    this.#owner = owner;
    raw.on("data", this.#listener);
  }

  /** A frame is whole. */
  reset(): void {
    this.#bytes = 0;
    this.#counted = freeBytes;
    for (const release of this.#releases) release();
    this.#releases = none;
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
      this.#releases = [...this.#releases, this.#owner.countIntake(this.#counted)];
      this.#counted *= 2;
    } catch (error) {
      this.#owner.end(error);
    }
  }
}
