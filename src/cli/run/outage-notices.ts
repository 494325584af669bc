export type WhenAway = "wait" | "drop";

export interface OutageNoticesOptions {
  readonly whenAway: WhenAway;
  /** Nothing is told but what was lost. */
  readonly isQuiet: boolean;
  readonly isAway: () => boolean;
  readonly isFull: () => boolean;
  readonly say: (text: string) => void;
}

/** What a person is told while the server is away: each thing once an outage. */
export class OutageNotices {
  readonly #options: OutageNoticesOptions;
  #isFullTold = false;

  constructor(options: OutageNoticesOptions) {
    this.#options = options;
  }

  wentAway(): void {
    this.#notify("the server is away; output is kept here until it is back");
    this.filled();
  }

  cameBack(): void {
    this.#isFullTold = false;
    this.#notify("the server is back");
  }

  /** The bound of an output is reached. A server that is only slow is no outage. */
  filled(): void {
    const { isAway, isFull, whenAway, say } = this.#options;
    if (this.#isFullTold || !isAway() || !isFull()) return;
    this.#isFullTold = true;
    if (whenAway === "drop") say("no room for more output: it is dropped until the server is back");
    else this.#notify("no room for more output: the program waits for the server");
  }

  #notify(text: string): void {
    if (!this.#options.isQuiet) this.#options.say(text);
  }
}
