import { createDeferred } from "../core/deferred.ts";
import { systemClock } from "../core/system.ts";

/** A store tells what was committed beside within this time; one that does not fails its case. */
const patienceMs = 5_000;

/** What a listener was told, for a case that waits until it was told something. */
export class Notes<Note> {
  readonly items: Note[] = [];
  #wake: (() => void) | undefined;

  readonly add = (note: Note): void => {
    this.items.push(note);
    this.#wake?.();
  };

  /** Until that holds, or for so long that it never will. */
  async until(isDone: (items: readonly Note[]) => boolean): Promise<void> {
    const end = createDeferred();
    let isOver = false;
    const timer = systemClock.after(patienceMs, () => {
      isOver = true;
      end.resolve();
    });
    while (!isOver && !isDone(this.items)) {
      const next = createDeferred();
      this.#wake = () => next.resolve();
      await Promise.race([next.promise, end.promise]);
    }
    timer.cancel();
  }
}
