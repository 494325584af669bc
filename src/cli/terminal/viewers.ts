import type { Clock } from "../../core/system.ts";
import {
  viewerSilenceMs,
  type TerminalSize,
  type TerminalViewer,
} from "../../protocol/terminal-entries.ts";

/** Somebody who looks at the terminal, as far as known. */
export interface Viewer extends TerminalViewer {
  readonly size: TerminalSize;
  /** When it last typed; -Infinity for never. */
  readonly typedAtMs: number;
}

interface Known extends Viewer {
  readonly seenAtMs: number;
}

/** The local terminal of whoever runs the program: there as long as the program. */
export const localViewer = "local";

/** Who looks at a terminal, in the order of arrival. Those that are silent for long are taken for gone. */
export class Viewers {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #known = new Map<string, Known>();
  #timer: { cancel(): void } | undefined;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get all(): readonly Viewer[] {
    return [...this.#known.values()];
  }

  /** It is there, or leaves. */
  tell({ viewer, size, ...rest }: TerminalViewer): void {
    if (size === undefined) this.#known.delete(viewer);
    else {
      const typedAtMs = this.#known.get(viewer)?.typedAtMs ?? -Infinity;
      const seenAtMs = viewer === localViewer ? Infinity : this.#clock.monotonicMs();
      this.#known.set(viewer, { viewer, size, ...rest, typedAtMs, seenAtMs });
    }
    this.#schedule();
    this.#onChange();
  }

  /** Input came from this producer. */
  typed(producer: string): void {
    const typist = this.all.find((viewer) => viewer.producer === producer);
    if (typist !== undefined) this.typedBy(typist.viewer);
  }

  typedBy(viewer: string): void {
    const known = this.#known.get(viewer);
    if (known === undefined) return;
    this.#known.set(viewer, { ...known, typedAtMs: this.#clock.monotonicMs() });
    this.#onChange();
  }

  dispose(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const seenAtMs = Math.min(...[...this.#known.values()].map((known) => known.seenAtMs));
    if (!Number.isFinite(seenAtMs)) return;
    const waitMs = seenAtMs + viewerSilenceMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(waitMs, () => this.#forgetSilent());
  }

  #forgetSilent(): void {
    const lastMs = this.#clock.monotonicMs() - viewerSilenceMs;
    for (const { viewer, seenAtMs } of this.#known.values())
      if (seenAtMs <= lastMs) this.#known.delete(viewer);
    this.#schedule();
    this.#onChange();
  }
}
