import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Environment } from "./configuration.ts";
import { hasCode } from "./data-directory.ts";

export type TerminalStdin = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** Tells of a new size by the event `resize`. */
export type TerminalStdout = Writable & {
  readonly isTTY?: boolean;
  readonly fd?: number;
  readonly columns?: number;
  readonly rows?: number;
};

/** What a command talks to; tests bring their own. */
export interface Terminal {
  readonly stdin: TerminalStdin;
  readonly stdout: TerminalStdout;
  readonly stderr: Writable;
  readonly environment: Environment;
}

/** Whether a screen can be painted here: a terminal without a cursor shows bytes as they come. */
export function canPaint({ stdout, environment }: Terminal): boolean {
  return stdout.isTTY === true && environment.TERM !== "dumb";
}

/** A line of ours, apart from what programs say. Must be escaped already. */
export function say(terminal: Pick<Terminal, "stderr">, text: string): void {
  terminal.stderr.write(`jobwire: ${text.replaceAll("\n", "\n  ")}\n`);
}

/** Who reads our output went away, as `head` does: not a failure of ours, but nothing is left to do. */
export class ReaderGoneError extends Error {
  constructor() {
    super("the reader of the output went away");
    this.name = "ReaderGoneError";
  }
}

/** Writes with back-pressure. Throws `ReaderGoneError`. */
export class TerminalOutput {
  readonly #output: Writable;
  readonly #broken: Promise<never>;
  #failure: Error | undefined;

  constructor(output: Writable) {
    this.#output = output;
    this.#broken = new Promise((_, reject) => {
      output.on("error", (error) => {
        this.#failure = hasCode(error, "EPIPE") ? new ReaderGoneError() : error;
        reject(this.#failure);
      });
    });
    this.#broken.catch(() => undefined);
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#output.write(data)) await Promise.race([once(this.#output, "drain"), this.#broken]);
  }
}
