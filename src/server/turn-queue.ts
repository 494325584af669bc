/**
 * Work that takes long, one piece in a turn of the event loop: whoever asks for much at once must not make
 * others wait until all of it is done.
 */
export class TurnQueue {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
