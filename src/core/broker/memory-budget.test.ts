import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../../test/run-count.ts";
import { MemoryBudget } from "./memory-budget.ts";

/** Holds bytes of which some are pinned. */
class Holder {
  readonly name: string;
  bytes = 0;
  pinned = 0;

  constructor(name: string) {
    this.name = name;
  }

  shrink(bytes: number): number {
    const freed = Math.min(Math.max(0, this.bytes - this.pinned), bytes);
    this.bytes -= freed;
    return freed;
  }
}

describe("MemoryBudget", () => {
  it("takes from those that were not used for longest, and only as much as it must", () => {
    const budget = new MemoryBudget(100);
    const [a, b, c] = [new Holder("a"), new Holder("b"), new Holder("c")];
    for (const holder of [a, b]) budget.use(holder, (holder.bytes = 40));
    budget.use(a, a.bytes);
    budget.use(c, (c.bytes = 50));
    expect([a.bytes, b.bytes, c.bytes, budget.bytes]).toEqual([40, 10, 50, 100]);
    budget.use(c, (c.bytes = 75));
    expect([a.bytes, b.bytes, c.bytes, budget.bytes]).toEqual([25, 0, 75, 100]);
  });

  it("counts what its holders hold, and exceeds its limit only by what is pinned", () => {
    const step = fc.record({ who: fc.nat(3), bytes: fc.nat(60), pinned: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new MemoryBudget(100);
        const holders = ["a", "b", "c", "d"].map((name) => new Holder(name));
        for (const { who, bytes, pinned } of steps) {
          const holder = holders[who] as Holder;
          holder.bytes = bytes;
          holder.pinned = Math.min(bytes, pinned);
          budget.use(holder, bytes);
          const held = holders.reduce((sum, one) => sum + one.bytes, 0);
          const kept = holders.reduce((sum, one) => sum + one.pinned, 0);
          expect(budget.bytes).toBe(held);
          expect(held).toBeLessThanOrEqual(Math.max(100, kept));
        }
      }),
      { numRuns: runCount(200, 5_000) },
    );
  });
});
