import { writeSync } from "node:fs";
import { hasCode } from "../data-directory.ts";
import { exitCodeOfSignal } from "../exit-code.ts";
import type { TerminalStdin, TerminalStdout } from "../terminal.ts";

// Without autowrap a character that is wider here than its cells disturbs its own row only.
export const enterText = "\x1b[?1049h\x1b[m\x1b[r\x1b[?7l\x1b[2J\x1b[H";

/** Everything that a painted screen may have set, whatever it was: the reverse comes of no bookkeeping. */
export const leaveText = [
  "\x1b[?2026l",
  // Mouse in all its forms, focus, pasting.
  "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l",
  "\x1b[?1004l\x1b[?2004l",
  // Cursor keys and keypad as usual.
  "\x1b[?1l\x1b>",
  "\x1b[m\x1b[r\x1b[?7h",
  "\x1b[0 q\x1b[?25h",
  "\x1b[?1049l",
].join("");

/** What ends a program from outside. Ctrl-C is no signal here but a key. */
const endSignals = ["SIGTERM", "SIGHUP", "SIGINT"] as const;
export type EndSignal = (typeof endSignals)[number];

export interface TakeoverOptions {
  readonly stdin: TerminalStdin;
  readonly stdout: TerminalStdout;
  /** Keys come as they are; without it the terminal keeps what it does with them. */
  readonly isRaw: boolean;
  /**
   * The end is asked for: `leave` when what was being painted is out. A second signal does not wait. Undefined
   * where somebody else sees to signals.
   */
  readonly onSignal: ((signal: EndSignal) => void) | undefined;
  /** Somebody else had the terminal meanwhile: everything has to be painted again. */
  readonly onReturn: () => void;
}

/**
 * A person's terminal while it is ours: in raw mode and the alternate screen. However the program ends, short
 * of SIGKILL, the terminal is given back as it was before anything else is printed.
 */
export class TerminalTakeover {
  readonly #options: TakeoverOptions;
  #isTaken = false;
  #isSignalled = false;
  readonly #giveBack = (): void => this.#restore("");
  readonly #signalled = (signal: NodeJS.Signals): void => {
    // The handler of `exit` gives the terminal back.
    if (this.#isSignalled) process.exit(exitCodeOfSignal(signal));
    this.#isSignalled = true;
    this.#options.onSignal?.(signal as EndSignal);
  };
  readonly #suspended = (): void => {
    this.#restore("");
    process.kill(process.pid, "SIGSTOP");
  };
  readonly #continued = (): void => {
    this.#take();
    this.#options.onReturn();
  };

  private constructor(options: TakeoverOptions) {
    this.#options = options;
  }

  static enter(options: TakeoverOptions): TerminalTakeover {
    const takeover = new TerminalTakeover(options);
    process.on("exit", takeover.#giveBack);
    // Before the failure is printed; of a rejection that nobody handles, too.
    process.on("uncaughtExceptionMonitor", takeover.#giveBack);
    if (options.onSignal !== undefined)
      for (const signal of endSignals) process.on(signal, takeover.#signalled);
    process.on("SIGTSTP", takeover.#suspended);
    process.on("SIGCONT", takeover.#continued);
    takeover.#take();
    return takeover;
  }

  /** Gives the terminal back, and prints `rows` into it. Once; done when it returns. */
  leave(rows = ""): void {
    process.off("exit", this.#giveBack);
    process.off("uncaughtExceptionMonitor", this.#giveBack);
    for (const signal of endSignals) process.off(signal, this.#signalled);
    process.off("SIGTSTP", this.#suspended);
    process.off("SIGCONT", this.#continued);
    this.#restore(rows);
  }

  #take(): void {
    const { stdin, stdout, isRaw } = this.#options;
    this.#isTaken = true;
    // Whoever had the terminal meanwhile has changed its mode: a mode that is on already would not be set.
    if (isRaw) stdin.setRawMode?.(false);
    if (isRaw) stdin.setRawMode?.(true);
    writeNow(stdout, enterText);
  }

  #restore(rows: string): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const { stdin, stdout, isRaw } = this.#options;
    writeNow(stdout, leaveText + rows);
    if (isRaw) stdin.setRawMode?.(false);
  }
}

/** Past the stream: at the end of a program nothing asynchronous happens any more. */
function writeNow(stdout: TerminalStdout, text: string): void {
  const { fd } = stdout;
  if (fd === undefined) return void stdout.write(text);
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
  } catch (error) {
    // A terminal that is gone needs nothing.
    if (!["EIO", "EBADF", "EPIPE", "EAGAIN"].some((code) => hasCode(error, code))) throw error;
  }
}
