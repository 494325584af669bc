import type { Terminal } from "@xterm/headless";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import { widenPictures } from "./character-width.ts";
import { keepLinks } from "./screen-links.ts";
import { ownEdits, ownLastColumn, ownSavedCursor, settleSize } from "./screen-repairs.ts";
import { snapshotText } from "./snapshot-text.ts";
import {
  insidesOf,
  readCharsets,
  type CharsetLetters,
  type TerminalInsides,
} from "./terminal-insides.ts";
import { UnfinishedOutput } from "./unfinished-output.ts";

/** A terminal that nobody sees: what a program wrote becomes rows of cells, a cursor and modes. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #insides: TerminalInsides;
  readonly #charsets: CharsetLetters;
  readonly #unfinished = new UnfinishedOutput();

  private constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#insides = insidesOf(terminal);
    this.#charsets = readCharsets(this.#insides);
    widenPictures(terminal, this.#insides);
    ownSavedCursor(this.#insides);
    ownLastColumn(this.#insides);
    ownEdits(this.#insides);
    keepLinks(this.#insides);
  }

  /** The package is loaded by then only: most commands need none. */
  static async create({ columns, rows }: TerminalSize): Promise<Screen> {
    const { default: headless } = await import("@xterm/headless");
    const options = { cols: columns, rows, scrollback: 0, allowProposedApi: true } as const;
    // Of what it cannot make sense of, it would tell on our standard error.
    return new Screen(new headless.Terminal({ ...options, logLevel: "off" }));
  }

  /** At least 2. */
  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** For what makes a picture of it: nothing else may change it. */
  get terminal(): Terminal {
    return this.#terminal;
  }

  get insides(): TerminalInsides {
    return this.#insides;
  }

  /** Whether all that was written is part of the picture: no sequence and no character waits for its end. */
  get isAtRest(): boolean {
    const { _parser: parser, _utf8Decoder: decoder } = this.#insides._inputHandler;
    return parser.currentState === 0 && decoder.interim[0] === 0;
  }

  /** Resolves once it is part of the picture. Throws where 50 MB wait. */
  async write(output: Uint8Array | string): Promise<void> {
    const bytes = typeof output === "string" ? new TextEncoder().encode(output) : output;
    await this.#inTurn(bytes, () => {
      this.#unfinished.parsed(bytes, this.#insides._inputHandler._parser.currentState);
    });
  }

  /** After all that was written before. */
  async resize({ columns, rows }: TerminalSize): Promise<void> {
    await this.#inTurn("", () => settleSize(this.#terminal, this.#insides, { columns, rows }));
  }

  /** What brings a new screen of this size to where this one is now. */
  snapshotText(): string {
    return snapshotText(this.#insides, this, this.#charsets) + this.#unfinished.text;
  }

  /** The same of when all was parsed that was written before, and nothing that is written later. */
  async capture(): Promise<string> {
    return await this.#inTurn("", () => this.snapshotText());
  }

  /** Answers to what the program asks the terminal. */
  onReply(listener: (bytes: string) => void): void {
    this.#terminal.onData(listener);
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /** `then` runs before anything that is written later is parsed. */
  #inTurn<Result>(bytes: Uint8Array | string, then: () => Result): Promise<Result> {
    return new Promise((resolve) => {
      // As after a key: where nothing waits it is parsed at once, not on a timer of a millisecond or more.
      this.#insides._writeBuffer.handleUserInput();
      this.#terminal.write(bytes, () => resolve((async () => then())()));
    });
  }
}
