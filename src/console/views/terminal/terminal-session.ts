import { isChannelError, type Jobwire, type ReaderState } from "../../../client/index.ts";
import { clientSystem } from "../../../client/system.ts";
import { watchKeyboard } from "../../../client/terminal/keyboard-watch.ts";
import { Keystrokes } from "../../../client/terminal/keystrokes.ts";
import { ScreenFollower } from "../../../client/terminal/screen-follower.ts";
import { ViewerAnnouncements } from "../../../client/terminal/viewer-announcements.ts";
import { XtermScreen } from "./xterm-screen.ts";

export interface TerminalSessionOptions {
  readonly wire: Jobwire;
  readonly processId: string;
  /** Of the output. */
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
  readonly #options: TerminalSessionOptions;
  readonly #ending = new AbortController();
  readonly #keystrokes: Keystrokes;
  readonly #announcements: ViewerAnnouncements | undefined;
  readonly #resizing: ResizeObserver;
  #holder: string | null = null;
  /** Why nothing that is typed gets there any more. */
  #refusal = "";

  constructor(options: TerminalSessionOptions) {
    const { wire, processId, element, frame, mayType, onNote } = options;
    const { signal } = this.#ending;
    this.#options = options;
    const process = wire.process(processId);
    const channel = process.channel("stdin");
    this.#keystrokes = new Keystrokes({ channel, system: clientSystem, signal });
    this.#keystrokes.refused.catch((error: unknown) => {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#refusal = `What you typed did not get there: ${reason}`;
      onNote(this.#refusal);
    });
    this.screen = new XtermScreen(element, { onInput: (bytes) => this.#type(bytes) });
    this.screen.mayType = mayType;
    if (mayType) {
      const control = process.channel("control");
      const producerId = (): string => channel.producerId;
      this.#announcements = new ViewerAnnouncements({ control, producerId, system: clientSystem });
      const onHolder = (holder: string | null): void => void (this.#holder = holder);
      void watchKeyboard(wire, processId, { signal, onHolder });
    }
    this.#resizing = new ResizeObserver(() => this.#announce());
    this.#resizing.observe(frame);
    void this.#follow();
  }

  leave(): void {
    void this.#announcements?.leave();
    this.#ending.abort();
    this.#resizing.disconnect();
    this.screen.dispose();
  }

  /** Why it ends too early the state of the channel says. */
  async #follow(): Promise<void> {
    const { wire, processId, channel, onState, onNote } = this.#options;
    const { signal } = this.#ending;
    const follower = new ScreenFollower(wire, processId, this.screen, {
      ...{ channel, signal, onState },
      onUncertain: () =>
        onNote("Output is missing here. The screen is drawn anew when it is known."),
      onCertain: () => {
        onNote("");
        // Whoever runs the program may have had to begin anew, and does not know of this page.
        this.#announce();
      },
    });
    try {
      await follower.run();
    } catch (error) {
      if (!signal.aborted && !isChannelError(error)) throw error;
    }
  }

  #type(bytes: Uint8Array): void {
    const { onNote } = this.#options;
    if (this.#holder !== null && this.#holder !== this.#announcements?.viewer)
      return onNote("Somebody else has the keyboard.");
    const hasRoom = this.#keystrokes.type(bytes);
    onNote(hasRoom ? this.#refusal : "Too much input waits for the server.");
  }

  #announce(): void {
    const size = this.screen.fittingSize;
    if (size !== undefined) this.#announcements?.announce(size);
  }
}
