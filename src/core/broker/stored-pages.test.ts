import { describe, expect, it } from "vitest";
import { createEntry } from "../channel.ts";
import type { MsgEntry } from "../entry.ts";
import { createDeferred } from "../deferred.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { StoredPages } from "./stored-pages.ts";

const limits = { entriesMax: 10, bytesMax: Infinity };

/** Pages of ten of a log of a hundred entries that say in which epoch they were read. */
function createPages(bytesMax: number): {
  pages: StoredPages;
  budget: MemoryBudget;
  log: { epoch: string; reads: number; held: Promise<void> | undefined };
} {
  const log = { epoch: "one", reads: 0, held: undefined as Promise<void> | undefined };
  const budget = new MemoryBudget(bytesMax);
  const readPage = async (after: number): Promise<readonly MsgEntry[]> => {
    log.reads++;
    const { epoch } = log;
    await log.held;
    return Array.from({ length: Math.min(10, 100 - after) }, (_, n) => ({
      ...createEntry({ senderId: "exe", payload: epoch }, 0),
      position: after + 1 + n,
    }));
  };
  return { pages: new StoredPages(readPage, budget), budget, log };
}

const summary = (entries: readonly MsgEntry[]): string =>
  entries.map(({ position, payload }) => `${new TextDecoder().decode(payload)}${position}`).join();

describe("StoredPages", () => {
  it("serves whoever begins within a page that it has, up to the limits", async () => {
    const { pages, log } = createPages(10_000);
    for (const after of [20, 0, 10]) await pages.read("one", after, limits);
    expect(summary(await pages.read("one", 7, limits))).toBe("one8,one9,one10");
    expect(summary(await pages.read("one", 20, { ...limits, entriesMax: 2 }))).toBe("one21,one22");
    expect(summary(await pages.read("one", 12, { ...limits, bytesMax: 1 }))).toBe("one13");
    expect(log.reads).toBe(3);
    await pages.read("one", 30, limits);
    expect(log.reads).toBe(4);
  });

  it("reads once for all who come to one place at the same time", async () => {
    const { pages, log } = createPages(0);
    const hold = createDeferred();
    log.held = hold.promise;
    const reads = [1, 2, 3].map(() => pages.read("one", 10, limits));
    const other = pages.read("one", 50, limits);
    hold.resolve();
    const [first, ...rest] = (await Promise.all(reads)).map(summary);
    expect(rest).toEqual([first, first]);
    await other;
    expect(log.reads).toBe(2);
  });

  it("holds no more than the budget, the places read last", async () => {
    const { pages, budget, log } = createPages(3_000);
    for (let after = 0; after < 100; after += 10) {
      await pages.read("one", after, limits);
      expect(budget.bytes).toBeLessThanOrEqual(3_000);
    }
    await pages.read("one", 90, limits);
    expect(log.reads).toBe(10);
    await pages.read("one", 0, limits);
    expect(log.reads).toBe(11);
    pages.clear();
    expect(budget.bytes).toBe(0);
  });

  it("gives nothing of one epoch to readers of another, also not what was asked for before", async () => {
    const { pages, log } = createPages(10_000);
    await pages.read("one", 0, limits);
    const hold = createDeferred();
    log.held = hold.promise;
    const late = pages.read("one", 10, limits);
    log.epoch = "two";
    const other = pages.read("two", 50, limits);
    hold.resolve();
    expect(summary(await late)).toContain("one11");
    expect(summary(await other)).toContain("two51");
    expect(summary(await pages.read("two", 10, limits))).toContain("two11");
    expect(summary(await pages.read("two", 0, limits))).toContain("two1,");
  });
});
