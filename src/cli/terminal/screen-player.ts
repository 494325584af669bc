import type { ChannelEntry } from "../../client/index.ts";
import {
  decodeSize,
  sizeEntryType,
  type TerminalSnapshot,
} from "../../protocol/terminal-entries.ts";
import { Screen } from "./screen.ts";
import { defaultTerminalSize } from "./terminal-output.ts";

/** The screen that the entries of a terminal's channel make. */
export class ScreenPlayer {
  #screen: Screen;
  /** There is another screen than before. */
  onScreen: (screen: Screen) => void = () => undefined;
  /** Something that was given is on the screen. */
  onChange: () => void = () => undefined;

  private constructor(screen: Screen) {
    this.#screen = screen;
  }

  static async create(): Promise<ScreenPlayer> {
    return new ScreenPlayer(await Screen.create(defaultTerminalSize));
  }

  get screen(): Screen {
    return this.#screen;
  }

  /** Begins anew with this state. */
  async restart(snapshot: Omit<TerminalSnapshot, "position">): Promise<void> {
    const screen = await Screen.create(snapshot);
    await screen.write(snapshot.screen);
    const before = this.#screen;
    this.#screen = screen;
    this.onScreen(screen);
    before.dispose();
  }

  /** Resolves when they are on the screen; shown is also what is between them. */
  async play(entries: readonly ChannelEntry[]): Promise<void> {
    await Promise.all(entries.map((entry) => this.#play(entry)));
  }

  async #play({ type, payload }: ChannelEntry): Promise<void> {
    if (type === "data") await this.#screen.write(payload);
    else if (type === sizeEntryType) {
      const size = decodeSize(payload);
      if (size !== undefined) await this.#screen.resize(size);
    } else return;
    this.onChange();
  }

  dispose(): void {
    this.#screen.dispose();
  }
}
