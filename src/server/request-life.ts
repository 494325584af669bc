/**
 * A request until its answer was taken, or its connection has gone. Few want a signal of that, which costs a tenth of
 * what a small request does: it is made for those that do.
 */
export class RequestLife {
  #isOver = false;
  #controller: AbortController | undefined;
  readonly #callbacks: (() => void)[] = [];

  /** Aborted once it is over. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Calls once; at once if it is over. */
  whenOver(callback: () => void): void {
    if (this.#isOver) callback();
    else this.#callbacks.push(callback);
  }

  /** Twice is harmless. */
  end(): void {
    this.#isOver = true;
    this.#controller?.abort();
    for (const callback of this.#callbacks.splice(0)) callback();
  }
}
