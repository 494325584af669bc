/**
 * Pieces of work, so many in a turn of the event loop: neither one who asks for much nor ten thousand who are
 * told at once may make others wait until all of it is done.
 */
export class TurnQueue {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #isScheduled = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Resolves when it is the caller's turn. */
  async next(): Promise<void> {
    this.#schedule();
    if (this.#taken < this.#perTurn) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const ready = this.#waiting.splice(0, this.#perTurn);
      this.#taken = ready.length;
      if (ready.length > 0) this.#schedule();
      for (const resolve of ready) resolve();
    });
  }
}
