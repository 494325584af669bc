import { isChannelError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import type { Channel } from "../channel.ts";
import {
  encodeTerminalEntry,
  viewerEntryType,
  viewerIntervalMs,
  type TerminalSize,
} from "../../protocol/terminal-entries.ts";

// While a window is pulled at, its size changes with each step.
const resizeMsMin = 50;
// Who leaves does not wait for a server that is away: it forgets viewers by itself.
const goodbyeMsMax = 500;
const viewerIdLength = 16;

export interface ViewerAnnouncementsOptions {
  readonly control: Pick<Channel, "send">;
  /** Under which this viewer types, if it does. */
  readonly producerId: (() => string) | undefined;
  readonly system: System;
}

/** Tells whoever runs a program that this terminal looks at it, and how large it is. */
export class ViewerAnnouncements {
  /** Random; the same for as long as it looks. */
  readonly viewer: string;
  readonly #options: ViewerAnnouncementsOptions;
  #size: TerminalSize | undefined;
  #isDue = false;
  #isPaused = false;
  #hasLeft = false;
  #isRefused = false;
  #delivery: Promise<void> | undefined;
  #interval: { cancel(): void } | undefined;
  #pause: { cancel(): void } | undefined;

  constructor(options: ViewerAnnouncementsOptions) {
    this.#options = options;
    this.viewer = options.system.randomId(viewerIdLength);
  }

  /** At once; sizes that follow soon are told together. Repeated from then on. */
  announce(size: TerminalSize): void {
    this.#size = size;
    this.#isDue = true;
    this.#tell();
  }

  /** Tells nothing more, not even that it leaves. */
  stop(): void {
    this.#hasLeft = true;
    this.#interval?.cancel();
    this.#pause?.cancel();
  }

  /** Resolves when it is told, or that takes too long. */
  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.stop();
    if (this.#isRefused || this.#size === undefined) return;
    const { clock } = this.#options.system;
    let timer: { cancel(): void } | undefined;
    const late = new Promise<void>((resolve) => (timer = clock.after(goodbyeMsMax, resolve)));
    // The channel keeps the order: it comes after what is under way.
    await Promise.race([this.#send(undefined), late]);
    timer?.cancel();
  }

  #tell(): void {
    if (!this.#isDue || this.#isPaused || this.#delivery !== undefined) return;
    if (this.#hasLeft || this.#isRefused) return;
    const { clock } = this.#options.system;
    this.#isDue = false;
    this.#isPaused = true;
    this.#pause = clock.after(resizeMsMin, () => {
      this.#isPaused = false;
      this.#tell();
    });
    this.#interval?.cancel();
    this.#interval = clock.after(viewerIntervalMs, () => {
      this.#isDue = true;
      this.#tell();
    });
    this.#delivery = this.#send(this.#size).finally(() => {
      this.#delivery = undefined;
      this.#tell();
    });
  }

  async #send(size: TerminalSize | undefined): Promise<void> {
    const { control, producerId } = this.#options;
    const payload = encodeTerminalEntry({
      viewer: this.viewer,
      ...(producerId === undefined ? {} : { producer: producerId() }),
      ...(size === undefined ? {} : { size }),
    });
    try {
      await control.send(payload, { type: viewerEntryType });
    } catch (error) {
      // Looking needs no permission to write: the program keeps its size, whatever this one is.
      this.#isRefused = !isChannelError(error, "process_not_found");
    }
  }
}
