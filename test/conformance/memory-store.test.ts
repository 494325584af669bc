import { describe, it } from "vitest";
import { MemoryStore } from "../../src/stores/memory/memory-store.ts";
import { storeSuite } from "../../src/testing/index.ts";

describe("MemoryStore", () => {
  storeSuite(
    { describe, it },
    {
      createStore: () => Promise.resolve(new MemoryStore()),
      manifest: { durable: false, shared: true, batchBytesMax: Infinity },
      openBeside: async (store) => store,
    },
  );
});

describe("MemoryStore with small batches", () => {
  storeSuite(
    { describe, it },
    {
      createStore: () => Promise.resolve(new MemoryStore({ batchBytesMax: 100_000 })),
      manifest: { durable: false, shared: true, batchBytesMax: 100_000 },
      openBeside: async (store) => store,
    },
  );
});
