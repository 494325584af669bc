import type { TerminalSize, TerminalSnapshot } from "../../../client/entry-forms.ts";

/** Where what a program writes is drawn. */
export interface Screen {
  /** Begins anew, with this size and what was written. */
  restart(snapshot: Omit<TerminalSnapshot, "position">): Promise<void>;
  /** Resolves when it is drawn, or will be with the next frame. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
}
