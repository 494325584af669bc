import { describe, expect, it } from "vitest";
import { StreamSizes } from "./stream-sizes.ts";

describe("the sizes of streams", () => {
  it("are what their leaders say, and what was written from here and they do not count yet", () => {
    const sizes = new StreamSizes(["a", "b"]);
    sizes.take("a", { bytes: 100, lastSequence: 5 });
    sizes.take("b", { bytes: 1_000, lastSequence: 1 });
    sizes.add("a", { sequence: 6, bytes: 10 });
    sizes.add("a", { sequence: 8, bytes: 20 });
    expect(sizes.bytes).toBe(1_130);
    // It was asked before the last write, and answers after it.
    sizes.take("a", { bytes: 125, lastSequence: 7 });
    expect(sizes.bytes).toBe(1_145);
    sizes.take("a", { bytes: 145, lastSequence: 8 });
    expect(sizes.bytes).toBe(1_145);
  });

  it("do not count a write of which the leader tells before the answer to it comes", () => {
    const sizes = new StreamSizes(["a"]);
    sizes.take("a", { bytes: 100, lastSequence: 5 });
    sizes.add("a", { sequence: 5, bytes: 10 });
    expect(sizes.bytes).toBe(100);
  });

  it("shrink by what is purged", () => {
    const sizes = new StreamSizes(["a"]);
    sizes.add("a", { sequence: 1, bytes: 10 });
    sizes.take("a", { bytes: 0, lastSequence: 1 });
    expect(sizes.bytes).toBe(0);
  });

  it("are exact again after more writes than are told apart", () => {
    const sizes = new StreamSizes(["a"]);
    for (let sequence = 1; sequence <= 20_000; sequence++) sizes.add("a", { sequence, bytes: 1 });
    expect(sizes.bytes).toBe(20_000);
    sizes.take("a", { bytes: 15_000, lastSequence: 15_000 });
    expect(sizes.bytes).toBeGreaterThanOrEqual(20_000);
    sizes.take("a", { bytes: 20_000, lastSequence: 20_000 });
    expect(sizes.bytes).toBe(20_000);
  });
});
