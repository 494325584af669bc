import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import {
  decodeSize,
  sizeEntryType,
  type TerminalSize,
  type TerminalSnapshot,
} from "../../../client/entry-forms.ts";
import type { ChannelEntry } from "../../../client/index.ts";
import type { FollowingScreen } from "../../../client/terminal/screen-follower.ts";
import { guardQueries } from "./query-guard.ts";

const scrollbackRows = 5_000;
const fontSize = 13;

export interface XtermScreenEvents {
  /** Keys, pastes and what the mouse does where the program asks for it. */
  readonly onInput: (bytes: Uint8Array) => void;
}

/** A terminal that draws, and gives what a person types. */
export class XtermScreen implements FollowingScreen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #themes: MutationObserver;
  readonly #element: HTMLElement;
  readonly #paint = (): void => {
    this.#terminal.options.theme = readTheme(this.#element);
  };

  constructor(element: HTMLElement, { onInput }: XtermScreenEvents) {
    this.#element = element;
    this.#terminal = new Terminal({
      allowProposedApi: false,
      cursorBlink: false,
      fontFamily: getComputedStyle(element).fontFamily,
      fontSize,
      // What has a link to somewhere is text like any other.
      linkHandler: { activate: () => undefined },
      scrollback: scrollbackRows,
      theme: readTheme(element),
    });
    guardQueries(this.#terminal);
    const utf8 = new TextEncoder();
    this.#terminal.onData((text) => onInput(utf8.encode(text)));
    this.#terminal.onBinary((text) => onInput(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(element);
    this.#themes = new MutationObserver(this.#paint);
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** What fits into the place that it has; undefined while it has none. */
  get fittingSize(): TerminalSize | undefined {
    const size = this.#fit.proposeDimensions();
    if (size === undefined || !(size.cols > 1) || !(size.rows > 1)) return undefined;
    return { columns: Math.min(size.cols, 1_000), rows: Math.min(size.rows, 1_000) };
  }

  set mayType(mayType: boolean) {
    this.#terminal.options.disableStdin = !mayType;
  }

  set isForScreenReaders(isForScreenReaders: boolean) {
    this.#terminal.options.screenReaderMode = isForScreenReaders;
  }

  focus(): void {
    this.#terminal.focus();
  }

  async restart(snapshot: Omit<TerminalSnapshot, "position">): Promise<void> {
    this.#terminal.reset();
    this.#resize(snapshot);
    await this.#write(snapshot.screen);
  }

  async play(entries: readonly ChannelEntry[]): Promise<void> {
    for (const { type, payload } of entries) {
      if (type === "data") await this.#write(payload);
      const size = type === sizeEntryType ? decodeSize(payload) : undefined;
      if (size !== undefined) this.#resize(size);
    }
  }

  async #write(output: Uint8Array | string): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write(output, resolve));
  }

  #resize({ columns, rows }: TerminalSize): void {
    this.#terminal.resize(columns, rows);
  }

  dispose(): void {
    this.#themes.disconnect();
    this.#terminal.dispose();
  }
}

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const brightNames = [
  "brightBlack",
  "brightRed",
  "brightGreen",
  "brightYellow",
  "brightBlue",
  "brightMagenta",
  "brightCyan",
  "brightWhite",
] as const;

function readTheme(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const color = (property: string): string => style.getPropertyValue(property).trim();
  const all = [...names, ...brightNames].map((name, index) => [name, color(`--ansi-${index}`)]);
  return {
    ...(Object.fromEntries(all) as ITheme),
    background: color("--ground"),
    foreground: color("--text"),
    cursor: color("--accent"),
    cursorAccent: color("--ground"),
    selectionBackground: color("--accent-ground"),
  };
}
