import type { Clock } from "../core/system.ts";

/** What is looked at once a heartbeat. */
export interface Beating {
  beat(): void;
}

/**
 * Looks at each of its members so long after it was added, and after each look. All have one timer: ten
 * thousand of them would be a large part of what idle connections hold in memory.
 */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** When each is due, in monotonic time: all wait equally long, so that they are in the order of it. */
  readonly #dueMs = new Map<Beating, number>();
  #isTimed = false;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Twice begins its wait anew. */
  add(member: Beating): void {
    this.#dueMs.delete(member);
    this.#dueMs.set(member, this.#clock.monotonicMs() + this.#intervalMs);
    this.#wait();
  }

  remove(member: Beating): void {
    this.#dueMs.delete(member);
  }

  #wait(): void {
    if (this.#isTimed) return;
    for (const dueMs of this.#dueMs.values()) {
      this.#isTimed = true;
      this.#clock.after(dueMs - this.#clock.monotonicMs(), () => this.#beat());
      return;
    }
  }

  /** May be early, where whoever the timer was for has left: then it waits for the next one. */
  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    try {
      for (const [member, dueMs] of this.#dueMs) {
        // Those that were looked at stand behind all that are due.
        if (dueMs > nowMs) break;
        this.add(member);
        member.beat();
      }
    } finally {
      // Also after one that throws: the others do not lose their heartbeats by it.
      this.#isTimed = false;
      this.#wait();
    }
  }
}
