import type { ProcessHandle, ReaderState } from "../../../client/index.ts";
import { watchKeyboard } from "./keyboard-watch.ts";
import { Keystrokes } from "./keystrokes.ts";
import { ScreenFollower } from "./screen-follower.ts";
import { ViewerAnnouncements } from "./viewer-announcements.ts";
import { XtermScreen } from "./xterm-screen.ts";

export interface TerminalSessionOptions {
  readonly process: ProcessHandle;
  readonly channel: string;
  /** Where it is drawn. */
  readonly element: HTMLElement;
  /** What is to be fitted into: the element may be as large as the program's terminal. */
  readonly frame: HTMLElement;
  readonly mayType: boolean;
  readonly onState: (state: ReaderState) => void;
  /** What is to be said; "" for nothing any more. */
  readonly onNote: (note: string) => void;
}

/** A person at a program's terminal, from coming to leaving. */
export class TerminalSession {
  readonly screen: XtermScreen;
  readonly #ending = new AbortController();
  readonly #announcements: ViewerAnnouncements | undefined;
  readonly #resizing: ResizeObserver;
  #holder: string | null = null;

  constructor(options: TerminalSessionOptions) {
    const { process, channel, element, frame, mayType, onState, onNote } = options;
    const { signal } = this.#ending;
    const stdin = process.channel("stdin");
    const keystrokes = new Keystrokes(stdin, {
      onRefused: (reason) => onNote(`What you typed did not get there: ${reason}`),
    });
    this.screen = new XtermScreen(element, {
      onInput: (bytes) => {
        if (this.#holder !== null && this.#holder !== this.#announcements?.viewer)
          return onNote("Somebody else has the keyboard.");
        onNote("");
        keystrokes.type(bytes);
      },
    });
    this.screen.mayType = mayType;
    if (mayType) {
      const control = process.channel("control");
      const producerId = (): string => stdin.producerId;
      this.#announcements = new ViewerAnnouncements({ control, producerId });
      const onHolder = (holder: string | null): void => void (this.#holder = holder);
      void watchKeyboard(process.channel("control"), { signal, onHolder });
    }
    this.#resizing = new ResizeObserver(() => this.#announce());
    this.#resizing.observe(frame);
    const onCertain = (isCertain: boolean): void =>
      onNote(isCertain ? "" : "Output is missing here. The screen is drawn anew when it is known.");
    const { screen } = this;
    const follower = new ScreenFollower(process, { channel, screen, signal, onState, onCertain });
    void follower.run();
  }

  leave(): void {
    this.#announcements?.leave();
    this.#ending.abort();
    this.#resizing.disconnect();
    this.screen.dispose();
  }

  #announce(): void {
    const size = this.screen.fittingSize;
    if (size !== undefined) this.#announcements?.announce(size);
  }
}
