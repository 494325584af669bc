import type { ChannelKey } from "../../core/store.ts";

/** Something that was on disk and is not what it was. */
export interface StoreDamage {
  readonly file: string;
  /** Where in the file, and how many bytes; 0 for what is missing. */
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
  /** What is gone by it: nothing, entries of the one log that is named, or nobody can say. */
  readonly loss: "nothing" | "entries" | "unknown";
  /** The log that it hits, where that is known, and the positions that are gone. */
  readonly key?: ChannelKey;
  readonly first?: number;
  readonly last?: number;
}

/** A directory that cannot be opened as a store; the message says why. */
export class StoreOpenError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreOpenError";
  }
}
