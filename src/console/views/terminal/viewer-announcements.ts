import {
  encodeTerminalEntry,
  viewerEntryType,
  viewerIntervalMs,
  type TerminalSize,
} from "../../../client/entry-forms.ts";
import { isChannelError, type Channel } from "../../../client/index.ts";

// While a window is pulled at, its size changes with each step.
const resizeMs = 100;

export interface ViewerAnnouncementsOptions {
  readonly control: Pick<Channel, "send">;
  /** Under which this viewer types. */
  readonly producerId: () => string;
}

/** Tells whoever runs a program that this page looks at it, and how large it is. */
export class ViewerAnnouncements {
  /** Random; the same for as long as it looks. */
  readonly viewer = crypto.randomUUID();
  readonly #options: ViewerAnnouncementsOptions;
  #size: TerminalSize | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasLeft = false;

  constructor(options: ViewerAnnouncementsOptions) {
    this.#options = options;
  }

  /** Sizes that follow soon are told together, and repeated from then on. */
  announce(size: TerminalSize): void {
    const { columns, rows } = this.#size ?? {};
    if (columns === size.columns && rows === size.rows) return;
    const isFirst = this.#size === undefined;
    this.#size = size;
    this.#schedule(isFirst ? 0 : resizeMs);
  }

  /** Nobody looks any more. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    if (this.#size !== undefined) void this.#send(undefined);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#hasLeft) return;
    this.#timer = setTimeout(() => {
      void this.#send(this.#size);
      this.#schedule(viewerIntervalMs);
    }, delayMs);
  }

  async #send(size: TerminalSize | undefined): Promise<void> {
    const { control, producerId } = this.#options;
    const shown = size === undefined ? {} : { size };
    const payload = encodeTerminalEntry({ viewer: this.viewer, producer: producerId(), ...shown });
    try {
      await control.send(payload, { type: viewerEntryType });
    } catch (error) {
      // Looking needs no permission to write: the program keeps its size, whatever this one is.
      if (!isChannelError(error)) throw error;
      this.#hasLeft = true;
      clearTimeout(this.#timer);
    }
  }
}
