import type { Api } from "../api.ts";
import type { Channel } from "../../client/index.ts";
import { isChannelError } from "../../core/errors.ts";
import { explainFailure } from "../connection.ts";
import type { TerminalStdin } from "../terminal.ts";
import { splitAtKey, type DetachKey } from "./detach-key.ts";
import { watchKeyboard } from "../../client/terminal/keyboard-watch.ts";
import { Keystrokes } from "../../client/terminal/keystrokes.ts";
import { translateMouse, type ShownPart } from "../terminal/mouse-reports.ts";
import type { ScreenNotes } from "../terminal/screen-notes.ts";

const interruptByte = 0x03;

export interface TerminalInputOptions {
  readonly api: Api;
  readonly processId: string;
  /** Where keys go; undefined for who only watches. */
  readonly channel: Channel | undefined;
  /** By which whoever runs the program knows this terminal. */
  readonly viewer: string;
  readonly detachKey: DetachKey;
  readonly shown: () => ShownPart;
  readonly signal: AbortSignal;
  readonly notes: ScreenNotes;
  readonly onLeave: () => void;
}

/** What comes from a person's keyboard, or from a pipe: into the program, but for the key that leaves. */
export class TerminalInput {
  readonly #stdin: TerminalStdin;
  readonly #options: TerminalInputOptions;
  readonly #keystrokes: Keystrokes | undefined;
  #holder: string | null = null;
  readonly #typed = (chunk: Uint8Array): void => this.#take(chunk);
  readonly #over = (): void => this.#end();

  constructor(stdin: TerminalStdin, options: TerminalInputOptions) {
    const { api, channel, signal } = options;
    this.#stdin = stdin;
    this.#options = options;
    this.#keystrokes = channel && new Keystrokes({ channel, system: api.system, signal });
  }

  get undeliveredBytes(): number {
    return this.#keystrokes?.undeliveredBytes ?? 0;
  }

  start(): void {
    const { api, processId, signal, notes } = this.#options;
    // A pipe is not read for whom nothing of it goes anywhere.
    if (this.#keystrokes === undefined && this.#stdin.isTTY !== true) return;
    this.#stdin.on("data", this.#typed);
    this.#stdin.once("end", this.#over);
    if (this.#keystrokes === undefined) return;
    void this.#keystrokes.refused.catch((error: unknown) => {
      if (signal.aborted || isChannelError(error, "process_closed")) return;
      notes.set("input", `input goes nowhere: ${firstLine(explainFailure(error).message)}`);
    });
    const onHolder = (holder: string | null): void => {
      this.#holder = holder;
      notes.clear("input");
    };
    watchKeyboard(api.wire(), processId, { signal, onHolder }).catch(() => undefined);
  }

  stop(): void {
    this.#stdin.off("data", this.#typed);
    this.#stdin.off("end", this.#over);
    this.#stdin.pause();
  }

  async settled(): Promise<void> {
    await this.#keystrokes?.settled();
  }

  #take(chunk: Uint8Array): void {
    if (this.#stdin.isTTY !== true) return this.#type(chunk);
    const { detachKey, shown, onLeave } = this.#options;
    const { before, isPressed } = splitAtKey(chunk, detachKey);
    const isInterrupt = this.#keystrokes === undefined && before.includes(interruptByte);
    this.#type(translateMouse(before, shown()));
    if (isPressed || isInterrupt) onLeave();
  }

  #type(bytes: Uint8Array): void {
    if (this.#keystrokes === undefined || bytes.byteLength === 0) return;
    const { viewer, notes } = this.#options;
    if (this.#holder !== null && this.#holder !== viewer)
      return notes.pass("input", "somebody else has the keyboard");
    if (!this.#keystrokes.type(bytes)) notes.pass("input", "too much input waits for the server");
  }

  #end(): void {
    // A terminal that ended is gone, and who sits at it with it.
    if (this.#stdin.isTTY === true) return this.#options.onLeave();
    this.#keystrokes?.end();
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
