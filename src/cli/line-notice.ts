import { say, type Terminal } from "./terminal.ts";

/** Says once that the line broke and once that it holds again, for all readers that share it. */
export class LineNotice {
  readonly #terminal: Pick<Terminal, "stderr">;
  #isBroken = false;

  constructor(terminal: Pick<Terminal, "stderr">) {
    this.#terminal = terminal;
  }

  broke(): void {
    if (!this.#isBroken) say(this.#terminal, "lost the server; waiting for it to come back");
    this.#isBroken = true;
  }

  holds(): void {
    if (this.#isBroken) say(this.#terminal, "going on");
    this.#isBroken = false;
  }
}
