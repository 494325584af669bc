import type { SyncMode } from "../../src/stores/segment-log/log-writer.ts";

/**
 * Which events a power loss may not touch, by the promise of a mode of syncing. Time counts while no sync is
 * under way: how long one takes is the disk's business.
 */
export class LossBound {
  readonly #intervalMs: number;
  readonly #marks: { readonly atMs: number; readonly events: number }[] = [];
  #watchMs = 0;
  #isRunning = false;
  #keptEvents = 0;

  /** `passMs` is the longest time that passes at once: a sync that is due in it begins at its end. */
  constructor(sync: SyncMode, passMs: number) {
    this.#intervalMs = typeof sync === "object" ? sync.intervalMs + passMs : Infinity;
  }

  get keptEvents(): number {
    return this.#keptEvents;
  }

  /** The store was opened or closed: what it has shown by then is on disk. */
  settle(events: number): void {
    this.#keptEvents = events;
  }

  begin(): void {
    this.#isRunning = true;
  }

  /** The program has ended, or its disk has failed: no sync comes any more. */
  end(): void {
    this.#isRunning = false;
    this.#marks.length = 0;
  }

  pass(ms: number, events: number): void {
    if (!this.#isRunning) return;
    this.#marks.push({ atMs: this.#watchMs, events });
    this.#watchMs += ms;
    while ((this.#marks[0]?.atMs ?? Infinity) < this.#watchMs - this.#intervalMs)
      this.#keptEvents = Math.max(this.#keptEvents, this.#marks.shift()?.events ?? 0);
  }
}
