export * from "./core/index.ts";
export { MemoryStore } from "./stores/memory/memory-store.ts";
