import type { System } from "../../core/system.ts";
import type { ReachObserver } from "../api.ts";

/** A line that breaks and comes back within this time is no news. */
export const awayAfterMs = 1_000;

export interface PresenceEvents {
  onAway(): void;
  onBack(): void;
}

/** Whether the server answers, judged by the attempts that are made anyway. Each change is told once. */
export class ServerPresence implements ReachObserver {
  readonly #system: System;
  readonly #events: PresenceEvents;
  #timer: { cancel(): void } | undefined;
  #isAway = false;

  constructor(system: System, events: PresenceEvents) {
    this.#system = system;
    this.#events = events;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  reached(): void {
    this.dispose();
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#events.onBack();
  }

  missed(): void {
    if (this.#isAway) return;
    this.#timer ??= this.#system.clock.after(awayAfterMs, () => {
      this.#timer = undefined;
      this.#isAway = true;
      this.#events.onAway();
    });
  }

  /** Nothing more is told of an attempt that has just failed. */
  dispose(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
