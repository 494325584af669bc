import type { Store } from "../../src/core/store.ts";
import type { System } from "../../src/core/system.ts";
import type { StoreDamage } from "../../src/stores/segment-log/store-damage.ts";
import type { StoreDirectory } from "../../src/stores/segment-log/store-directory.ts";

/** A durable store with the maintenance that it otherwise does when it sees fit. */
export interface TestedStore extends Store {
  checkpoint(): Promise<void>;
  compact(): Promise<void>;
  /** What it knows to be wrong with its files; absent where it does not look. */
  readonly damages?: readonly StoreDamage[];
}

/** What differs from one life of a store to the next. */
export interface OpenedAs {
  /** Names the boot of the machine: another one after each power loss. */
  readonly bootId: string;
  /** False: as after the loss of all checkpoints. */
  readonly usesCheckpoint: boolean;
}

export type OpenStore = (
  directory: StoreDirectory,
  system: System,
  as: OpenedAs,
) => Promise<TestedStore>;
