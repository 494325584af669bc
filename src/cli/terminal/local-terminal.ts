import type { Writable } from "node:stream";
import type { Clock } from "../../core/system.ts";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import type { Terminal } from "../terminal.ts";
import type { HeldOutput } from "./held-output.ts";
import { translateMouse } from "./mouse-reports.ts";
import type { Screen } from "./screen.ts";
import { TerminalView } from "./terminal-view.ts";

const interruptByte = 0x03;
/** More than anybody types; what is pasted waits for a program that does not read. */
const waitingBytesMax = 64 * 1024;

export interface LocalTerminalEvents {
  readonly onResize: (size: TerminalSize) => void;
  readonly onTyped: () => void;
}

export interface LocalTerminalOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Whether keys go into the program; else only Ctrl-C is taken, as where there is no raw mode. */
  readonly isTyping: boolean;
  readonly notices: HeldOutput;
}

/** The terminal of the person who runs a program: its screen shows there, and keys go straight into it. */
export class LocalTerminal {
  readonly #options: LocalTerminalOptions;
  readonly #view: TerminalView;
  #stopKeys: () => void = () => undefined;

  static async create(options: LocalTerminalOptions): Promise<LocalTerminal> {
    return new LocalTerminal(options, await TerminalView.create(options.terminal, options.clock));
  }

  private constructor(options: LocalTerminalOptions, view: TerminalView) {
    this.#options = options;
    this.#view = view;
  }

  get screen(): Screen {
    return this.#view.player.screen;
  }

  /** Undefined where it does not know. */
  get size(): TerminalSize | undefined {
    return this.#view.size;
  }

  enter(input: Writable, { onResize, onTyped }: LocalTerminalEvents): void {
    const { terminal, notices, isTyping } = this.#options;
    const { stdin } = terminal;
    notices.hold();
    this.#view.enter({ onResize });
    if (stdin.isTTY !== true) return;
    const take = (keys: Uint8Array): void => {
      // Through the same door as that of a terminal that is not in raw mode.
      if (!isTyping && keys.includes(interruptByte)) process.kill(process.pid, "SIGINT");
      if (!isTyping) return;
      onTyped();
      input.write(translateMouse(keys, this.#view.shown));
      if (input.writableLength > waitingBytesMax) stdin.pause();
    };
    const goOn = (): void => void stdin.resume();
    stdin.on("data", take);
    // A terminal that goes away is told by a signal.
    stdin.on("error", () => undefined);
    input.on("drain", goOn);
    this.#stopKeys = () => {
      stdin.off("data", take);
      input.off("drain", goOn);
      stdin.pause();
    };
  }

  /** Something has changed on the screen. */
  update(): void {
    this.#view.player.onChange();
  }

  stopKeys(): void {
    this.#stopKeys();
  }

  /** It is as it was before, with the last screen below. */
  async leave(): Promise<void> {
    await this.#view.leave({ keepsRows: true });
    this.#options.notices.release();
  }
}
