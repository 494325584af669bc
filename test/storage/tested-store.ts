import type { Store } from "../../src/core/store.ts";
import type { System } from "../../src/core/system.ts";
import type { StoreDirectory } from "../../src/stores/segment-log/store-directory.ts";

/** A durable store with the maintenance that it otherwise does when it sees fit. */
export interface TestedStore extends Store {
  checkpoint(): Promise<void>;
  compact(): Promise<void>;
}

export type OpenStore = (directory: StoreDirectory, system: System) => Promise<TestedStore>;
