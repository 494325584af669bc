import type { Clock } from "../../core/system.ts";

/** A viewer that begins has no more than this to read … */
const bytesMax = 256 * 1024;
/** … nor what was written longer ago, */
const ageMsMax = 2_000;
/** but under load snapshots take their time: no more of them than this lets through. */
const intervalMsMin = 250;
/** With the server away they wait with the output. Enough of them that one is kept with what follows it. */
const bytesBetweenMax = 32 * 1024 * 1024;

/** Says when a snapshot of a terminal is to be made: as rarely as viewers can do with. */
export class SnapshotSchedule {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #bytes = 0;
  #isRequested = false;
  #isUnderWay = false;
  #takenAtMs = -Infinity;
  #firstOutputAtMs: number | undefined;
  #timer: { cancel(): void } | undefined;

  /** Told that one has become due while nothing is written. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Something is on the screen that no snapshot has. */
  get hasNews(): boolean {
    return this.#firstOutputAtMs !== undefined;
  }

  get isDue(): boolean {
    if (this.#isUnderWay) return this.#bytes >= bytesBetweenMax;
    if (this.#isRequested) return true;
    return this.#dueAtMs() <= this.#clock.monotonicMs();
  }

  wrote(bytes: number): void {
    this.#bytes += bytes;
    this.#firstOutputAtMs ??= this.#clock.monotonicMs();
    this.#schedule();
  }

  /** As soon as possible, whatever was written. */
  request(): void {
    this.#isRequested = true;
    this.#firstOutputAtMs ??= this.#clock.monotonicMs();
    if (this.isDue) this.#onDue();
  }

  /** One was made: of everything that was written by now. */
  taken(): void {
    this.#bytes = 0;
    this.#isRequested = false;
    this.#isUnderWay = true;
    this.#takenAtMs = this.#clock.monotonicMs();
    this.#firstOutputAtMs = undefined;
    this.dispose();
  }

  /** The server has it. */
  delivered(): void {
    this.#isUnderWay = false;
    if (this.#isRequested) this.#onDue();
    else this.#schedule();
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #dueAtMs(): number {
    if (this.#firstOutputAtMs === undefined) return Infinity;
    const ofAge = this.#firstOutputAtMs + ageMsMax;
    const ofBytes = this.#bytes >= bytesMax ? this.#takenAtMs + intervalMsMin : Infinity;
    return Math.min(ofAge, ofBytes);
  }

  #schedule(): void {
    if (this.#isUnderWay || !this.hasNews || this.#timer !== undefined) return;
    const waitMs = this.#dueAtMs() - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      if (this.isDue) this.#onDue();
      else this.#schedule();
    });
  }
}
