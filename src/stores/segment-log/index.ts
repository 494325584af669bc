export { SegmentLogStore } from "./segment-log-store.ts";
export { NodeDirectory } from "./node-directory.ts";
export { StoreOpenError } from "./store-damage.ts";
export type { StoreDamage } from "./store-damage.ts";
export type { StoreDirectory, StoreFile } from "./store-directory.ts";
export type { SegmentLogStoreOptions } from "./store-opening.ts";
export type { SyncMode } from "./log-writer.ts";
