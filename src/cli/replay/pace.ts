import { onAbort } from "../../client/abort.ts";
import type { Clock } from "../../core/system.ts";

export const speedMin = 0.1;
export const speedMax = 100;

/** Further behind than this it goes on from where it is, instead of making up for it. */
const lagMsMax = 1_000;

export interface PaceOptions {
  readonly speed: number;
  /** Longer silences are shortened to it. */
  readonly idleMsMax: number;
}

/** When what was recorded at one time is to be shown, while the one who watches stops, hurries and skips. */
export class Pace {
  readonly #clock: Clock;
  readonly #idleMsMax: number;
  #speed: number;
  #isPaused = false;
  /** Where it is in the recording, silences shortened, and when it was there. */
  #headMs = 0;
  #atMs: number;
  /** Of what was told last, and its time stamp. */
  #targetMs = 0;
  #recordedAtMs: number | undefined;
  /** What is before it is shown also while paused, and is not behind. */
  #skippedToMs = 0;
  #wakeUp: (() => void) | undefined;

  constructor(clock: Clock, { speed, idleMsMax }: PaceOptions) {
    this.#clock = clock;
    this.#speed = speed;
    this.#idleMsMax = idleMsMax;
    this.#atMs = clock.monotonicMs();
  }

  get speed(): number {
    return this.#speed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Where it is, in milliseconds from the beginning, silences shortened. */
  get headMs(): number {
    if (this.#isPaused) return this.#headMs;
    return this.#headMs + (this.#clock.monotonicMs() - this.#atMs) * this.#speed;
  }

  togglePause(): void {
    this.#change(() => (this.#isPaused = !this.#isPaused));
  }

  setSpeed(speed: number): void {
    this.#change(() => (this.#speed = Math.min(speedMax, Math.max(speedMin, speed))));
  }

  skip(ms: number): void {
    this.#rebase(this.headMs + ms);
    this.#skippedToMs = this.headMs;
    this.#wakeUp?.();
  }

  /** Resolves when it is the turn of what was recorded at this time. Rejects with the signal's reason. */
  async reach(recordedAtMs: number, signal: AbortSignal): Promise<void> {
    // Clocks are set back, too.
    const silenceMs = Math.max(0, recordedAtMs - (this.#recordedAtMs ?? recordedAtMs));
    this.#recordedAtMs = recordedAtMs;
    this.#targetMs += Math.min(silenceMs, this.#idleMsMax);
    for (;;) {
      signal.throwIfAborted();
      const leftMs = this.#targetMs - this.headMs;
      const mayGo = !this.#isPaused || this.#targetMs <= this.#skippedToMs;
      if (leftMs <= 0 && mayGo) break;
      await this.#wait(leftMs / this.#speed, signal);
    }
    const isBehind = this.headMs - this.#targetMs > lagMsMax;
    if (isBehind && this.#targetMs > this.#skippedToMs) this.#rebase(this.#targetMs);
  }

  #change(change: () => void): void {
    this.#rebase(this.headMs);
    change();
    this.#wakeUp?.();
  }

  #rebase(headMs: number): void {
    this.#headMs = headMs;
    this.#atMs = this.#clock.monotonicMs();
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    let timer: { cancel(): void } | undefined;
    let unfollow: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (!this.#isPaused) timer = this.#clock.after(ms, resolve);
      unfollow = onAbort(signal, () => resolve());
    });
    this.#wakeUp = undefined;
    timer?.cancel();
    unfollow?.();
  }
}
