interface Moment {
  readonly what: string;
  readonly at: number;
}

/**
 * Whether what a crash has taken is the last that was done, over all logs and registers of a store. Moments are
 * numbers of events.
 */
export class LostSuffix {
  readonly #report: (problem: string) => void;
  /** Of all that is still there: what was begun last. */
  #kept: Moment | undefined;
  /** Of all that is gone: what was known first. */
  #lost: Moment | undefined;

  constructor(report: (problem: string) => void) {
    this.#report = report;
  }

  crash(): void {
    this.#kept = undefined;
    this.#lost = undefined;
  }

  keep(what: string, begunAt: number): void {
    if (this.#kept !== undefined && this.#kept.at >= begunAt) return;
    this.#kept = { what, at: begunAt };
    this.#judge();
  }

  lose(what: string, knownAt: number): void {
    if (this.#lost !== undefined && this.#lost.at <= knownAt) return;
    this.#lost = { what, at: knownAt };
    this.#judge();
  }

  #judge(): void {
    if (this.#kept === undefined || this.#lost === undefined || this.#kept.at <= this.#lost.at)
      return;
    this.#report(`${this.#lost.what} is lost, and ${this.#kept.what}, begun later, is not`);
  }
}
