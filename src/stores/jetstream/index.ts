export { JetStreamStore } from "./jetstream-store.ts";
export type { JetStreamStoreContext } from "./jetstream-store.ts";
export { JetStreamStoreError, openJetStreamStore } from "./store-opening.ts";
export type { JetStreamStoreOptions, StoreCreation } from "./store-opening.ts";
export type { StreamOptions } from "./stream-settings.ts";
