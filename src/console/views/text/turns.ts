const turnMs = 12;

/** Work in turns that are short enough for a page to draw and to answer in between. */
export class Turns {
  #begin = performance.now();
  readonly #channel = new MessageChannel();
  /** Those who wait; a reader that was given up may be among them. */
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.#channel.port1.onmessage = () => this.#waiting.shift()?.();
  }

  get isOver(): boolean {
    return performance.now() - this.#begin >= turnMs;
  }

  /** After whatever waits for its turn. Not a timer: those of a page that nobody looks at come once a second. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#channel.port2.postMessage(undefined);
    });
    this.#begin = performance.now();
  }

  dispose(): void {
    this.#channel.port1.close();
  }
}
