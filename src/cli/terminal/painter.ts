import type { Writable } from "node:stream";
import type { Clock } from "../../core/system.ts";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import { PaintedScreen } from "./painted-screen.ts";
import type { Screen } from "./screen.ts";
import type { Cell } from "./viewport.ts";

/** Faster than any display, and rare enough to leave the time to those who wait for it. */
const frameMsMin = 8;

/** So much of the time may be spent on painting: a frame that takes long is followed by a longer pause. */
const paintingShareMax = 0.3;

/** A program that asks to wait until it is done with a picture is given so long for it. */
const heldMsMax = 150;

export interface PainterOptions {
  readonly screen: Screen;
  /** Of the terminal. */
  readonly size: TerminalSize;
  readonly clock: Clock;
}

/**
 * Keeps a terminal showing a screen. A change after quiet is painted at once, many are painted together, and
 * a terminal that takes its time gets the newest state when it is ready, never a queue of older ones.
 */
export class Painter {
  readonly #output: Writable;
  readonly #clock: Clock;
  readonly #painted: PaintedScreen;
  #screen: Screen;
  #isDirty = false;
  #isDraining = false;
  #isStopped = false;
  #notBeforeMs = -Infinity;
  #heldSinceMs: number | undefined;
  #timer: { cancel(): void } | undefined;
  #settled: (() => void)[] = [];
  #drained: (() => void)[] = [];

  /** Paints nothing before it is told of a change. */
  constructor(output: Writable, { screen, size, clock }: PainterOptions) {
    this.#output = output;
    this.#screen = screen;
    this.#clock = clock;
    this.#painted = new PaintedScreen(size);
  }

  /** Of the screen: what is in the upper left corner of the terminal. */
  get origin(): Cell {
    return this.#painted.origin;
  }

  get screen(): Screen {
    return this.#screen;
  }

  /** Another screen from now on. */
  show(screen: Screen): void {
    this.#screen = screen;
    this.update();
  }

  /** The screen may have changed. */
  update(): void {
    this.#isDirty = !this.#isStopped;
    this.#schedule();
  }

  /** The terminal has another size. */
  resize(size: TerminalSize): void {
    this.#painted.resize(size);
    this.update();
  }

  /** The terminal may show anything, as after it was used by others. */
  repaint(): void {
    this.#painted.forget();
    this.update();
  }

  /** A line of ours over the last row, or none. Must be escaped already. */
  note(text: string | undefined): void {
    if (text === this.#painted.note) return;
    this.#painted.note = text;
    this.update();
  }

  /** Resolves when all that was told of is painted, or will not be any more. */
  async settled(): Promise<void> {
    if (this.#isStopped || (!this.#isDirty && !this.#isDraining)) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** Resolves when the terminal has taken what was painted. */
  async drained(): Promise<void> {
    if (this.#isDraining) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Writes nothing from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#isDirty = false;
    this.#timer?.cancel();
    this.#tellSettled();
  }

  #schedule(): void {
    if (!this.#isDirty || this.#isDraining) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const waitMs = this.#dueMs() - this.#clock.monotonicMs();
    if (waitMs <= 0) return this.#paint();
    this.#timer = this.#clock.after(waitMs, () => this.#schedule());
  }

  #dueMs(): number {
    if (!this.#screen.terminal.modes.synchronizedOutputMode) {
      this.#heldSinceMs = undefined;
      return this.#notBeforeMs;
    }
    this.#heldSinceMs ??= this.#clock.monotonicMs();
    return Math.max(this.#notBeforeMs, this.#heldSinceMs + heldMsMax);
  }

  #paint(): void {
    this.#isDirty = false;
    const begunMs = this.#clock.monotonicMs();
    const text = this.#painted.changes(this.#screen);
    const endedMs = this.#clock.monotonicMs();
    this.#notBeforeMs = endedMs + Math.max(frameMsMin, (endedMs - begunMs) / paintingShareMax);
    if (text !== "" && !this.#output.write(text)) {
      this.#isDraining = true;
      this.#output.once("drain", () => {
        this.#isDraining = false;
        for (const resolve of this.#drained.splice(0)) resolve();
        this.#schedule();
        this.#tellSettled();
      });
    }
    this.#tellSettled();
  }

  #tellSettled(): void {
    if (!this.#isStopped && (this.#isDirty || this.#isDraining)) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
