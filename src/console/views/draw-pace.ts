/** Faster than this nobody reads what changes, and each drawing is time that what comes has to wait. */
const restMsMin = 50;
/** For each millisecond of drawing so many are left to everything else. */
const restPart = 2;

/** Draws together what changes: the first change at once, and then so often that drawing never takes all of the time. */
export class DrawPace {
  readonly #draw: () => void;
  #isAsked = false;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** Something is different from what is drawn. */
  request(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const waitMs = this.#dueMs - performance.now();
    if (waitMs <= 0) this.#drawNext();
    else this.#timer = setTimeout(() => this.#drawNext(), waitMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    // Nothing is drawn from here on, whatever still asks.
    this.#isAsked = true;
  }

  #drawNext(): void {
    this.#frame = requestAnimationFrame(() => {
      const beginMs = performance.now();
      this.#dueMs = beginMs + restMsMin;
      this.#isAsked = false;
      this.#draw();
      // A timer comes after layout and paint, which belong to what it costs.
      setTimeout(() => {
        const now = performance.now();
        this.#dueMs = Math.max(this.#dueMs, now + (now - beginMs) * restPart);
      });
    });
  }
}
