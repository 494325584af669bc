import type { System } from "../../core/system.ts";
import type { RunningProgram } from "./program.ts";

// Who still holds the output after the group was killed left the group: not ours to wait for.
const abandonDelayMs = 1_000;

/** Ends a program politely, then not: SIGTERM, unless told, to its group, after the grace time SIGKILL. */
export class Termination {
  readonly #program: RunningProgram;
  readonly #system: System;
  readonly #graceMs: number;
  #isRequested = false;
  #timer: { cancel(): void } | undefined;

  constructor(program: RunningProgram, system: System, graceMs: number) {
    this.#program = program;
    this.#system = system;
    this.#graceMs = graceMs;
  }

  get isRequested(): boolean {
    return this.#isRequested;
  }

  request(signal: NodeJS.Signals = "SIGTERM"): void {
    if (this.#isRequested) return;
    this.#isRequested = true;
    this.#program.signalGroup(signal);
    this.#timer = this.#system.clock.after(this.#graceMs, () => this.kill());
  }

  kill(): void {
    this.#isRequested = true;
    this.#timer?.cancel();
    this.#program.signalGroup("SIGKILL");
    this.#timer = this.#system.clock.after(abandonDelayMs, () => this.#program.abandonOutput());
  }

  /** The program and its output have ended. */
  dispose(): void {
    this.#timer?.cancel();
  }
}
