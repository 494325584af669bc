import { pause, type Clock } from "../../core/system.ts";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import type { Terminal } from "../terminal.ts";
import { lastRows } from "./last-rows.ts";
import { Painter } from "./painter.ts";
import { ScreenNotes } from "./screen-notes.ts";
import { ScreenPlayer } from "./screen-player.ts";
import { defaultTerminalSize, openTerminalOutput, terminalSize } from "./terminal-output.ts";
import { TerminalTakeover, type EndSignal } from "./terminal-takeover.ts";
import type { ShownPart } from "./mouse-reports.ts";

// A terminal that takes nothing must not keep anybody in it.
const drainMsMax = 500;

export interface TerminalViewEvents {
  /** Asks for the end; `leave` is still to be called. Left out where somebody else sees to signals. */
  readonly onSignal?: (signal: EndSignal) => void;
  readonly onResize?: (size: TerminalSize) => void;
}

/** A person's terminal that shows the screen of another one, whatever the sizes of the two are. */
export class TerminalView {
  readonly player: ScreenPlayer;
  readonly notes: ScreenNotes;
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #painter: Painter;
  #takeover: TerminalTakeover | undefined;
  #onResize: (size: TerminalSize) => void = () => undefined;
  readonly #resized = (): void => {
    const { size } = this;
    if (size === undefined) return;
    this.#painter.resize(size);
    this.#onResize(size);
  };

  static async create(terminal: Terminal, clock: Clock): Promise<TerminalView> {
    return new TerminalView(terminal, clock, await ScreenPlayer.create());
  }

  private constructor(terminal: Terminal, clock: Clock, player: ScreenPlayer) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.player = player;
    const size = this.size ?? defaultTerminalSize;
    const painter = new Painter(openTerminalOutput(terminal.stdout), {
      screen: player.screen,
      size,
      clock,
    });
    player.onScreen = (screen) => painter.show(screen);
    player.onChange = () => painter.update();
    this.notes = new ScreenNotes((text) => painter.note(text), clock);
    this.#painter = painter;
  }

  /** Undefined for a terminal that does not know it. */
  get size(): TerminalSize | undefined {
    return terminalSize(this.#terminal.stdout);
  }

  /** The cell of the screen in the upper left corner of this terminal. */
  get shown(): ShownPart {
    return { origin: this.#painter.origin, screen: this.player.screen };
  }

  enter({ onSignal, onResize = () => undefined }: TerminalViewEvents): void {
    const { stdin, stdout } = this.#terminal;
    this.#onResize = onResize;
    this.#takeover = TerminalTakeover.enter({
      stdin,
      stdout,
      isRaw: stdin.isTTY === true,
      onSignal,
      onReturn: () => this.#painter.repaint(),
    });
    stdout.on("resize", this.#resized);
    this.#painter.repaint();
  }

  /** The terminal is as it was; with the rows that were on the screen below what was there, if asked for. */
  async leave({ keepsRows }: { readonly keepsRows: boolean }): Promise<void> {
    this.#terminal.stdout.off("resize", this.#resized);
    this.#painter.stop();
    await Promise.race([this.#painter.drained(), pause(this.#clock, drainMsMax)]);
    const columns = this.size?.columns ?? Infinity;
    this.#takeover?.leave(keepsRows ? lastRows(this.player.screen, columns) : "");
    this.player.dispose();
  }
}
