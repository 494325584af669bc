import type { Clock } from "../../core/system.ts";

/** What there may be to say over a screen; the first that holds is said. */
const kinds = ["line", "screen", "input"] as const;
export type NoteKind = (typeof kinds)[number];

const passingMs = 3_000;

/** Lines of ours over a painted screen, which nothing else may be printed on. */
export class ScreenNotes {
  readonly #show: (text: string | undefined) => void;
  readonly #clock: Clock;
  readonly #texts = new Map<NoteKind, string>();
  readonly #timers = new Map<NoteKind, { cancel(): void }>();

  constructor(show: (text: string | undefined) => void, clock: Clock) {
    this.#show = show;
    this.#clock = clock;
  }

  /** Until it is cleared. */
  set(kind: NoteKind, text: string): void {
    this.#timers.get(kind)?.cancel();
    this.#texts.set(kind, text);
    this.#tell();
  }

  /** For a while. */
  pass(kind: NoteKind, text: string): void {
    this.set(kind, text);
    this.#timers.set(
      kind,
      this.#clock.after(passingMs, () => this.clear(kind)),
    );
  }

  clear(kind: NoteKind): void {
    this.#timers.get(kind)?.cancel();
    if (this.#texts.delete(kind)) this.#tell();
  }

  #tell(): void {
    const kind = kinds.find((one) => this.#texts.has(one));
    this.#show(kind && this.#texts.get(kind));
  }
}
