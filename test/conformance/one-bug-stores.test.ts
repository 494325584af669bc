import { describe, expect, it } from "vitest";
import { storeSuite, SuiteFailure } from "../../src/testing/index.ts";
import { MemoryStore } from "../../src/stores/memory/memory-store.ts";
import type { Store } from "../../src/core/store.ts";
import { oneBugStores } from "./one-bug-stores.ts";

/** Runs the whole suite and returns the cases that failed. */
async function failuresOf(createStore: () => Store): Promise<{ name: string; error: unknown }[]> {
  const cases: { name: string; body: () => Promise<void> }[] = [];
  storeSuite(
    { describe: (_name, body) => body(), it: (name, body) => cases.push({ name, body }) },
    {
      createStore: () => Promise.resolve(createStore()),
      manifest: { durable: false, shared: true, batchBytesMax: 100_000 },
      openBeside: async (store) => store,
    },
  );
  const failures: { name: string; error: unknown }[] = [];
  for (const { name, body } of cases) {
    try {
      await body();
    } catch (error) {
      failures.push({ name, error });
    }
  }
  return failures;
}

describe("store suite", () => {
  it("passes a store without a bug", async () => {
    expect(await failuresOf(() => new MemoryStore({ batchBytesMax: 100_000 }))).toEqual([]);
  });

  it.each(Object.entries(oneBugStores))("catches a store that %s", async (_bug, createStore) => {
    const failures = await failuresOf(createStore);
    expect(failures.filter(({ error }) => error instanceof SuiteFailure).length).toBeGreaterThan(0);
  });
});
