import { Writable } from "node:stream";

/** Lines for a person, kept while the terminal shows something else. */
export class HeldOutput extends Writable {
  readonly #output: Writable;
  #held: Uint8Array[] | undefined;

  constructor(output: Writable) {
    super();
    this.#output = output;
  }

  /** From now on until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const chunk of held) this.#output.write(chunk);
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    if (this.#held === undefined) this.#output.write(chunk);
    else this.#held.push(chunk);
    done();
  }
}
