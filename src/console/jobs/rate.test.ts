import { describe, expect, it } from "vitest";
import type { ChannelView } from "../../client/index.ts";
import { addRate, rateBetween, type Reading } from "./rate.ts";

function reading(atMs: number, ...channels: readonly Partial<ChannelView>[]): Reading {
  const spec = { maxLogEntries: 1, maxLogBytes: 1, whenFull: "trim", writers: "both" } as const;
  const whole = channels.map((channel, index) => ({
    spec: { name: `c${index}`, ...spec },
    epoch: "e",
    first: 1,
    last: 0,
    keptBytes: 0,
    ...channel,
  }));
  return { atMs, channels: whole };
}

describe("the rate of a job", () => {
  it("counts entries and bytes of all channels", () => {
    const before = reading(0, { last: 10, keptBytes: 100 }, { last: 5, keptBytes: 1000 });
    const after = reading(2_000, { last: 30, keptBytes: 300 }, { last: 6, keptBytes: 2000 });
    expect(rateBetween(before, after)).toEqual({ atMs: 2_000, entries: 10.5, bytes: 600 });
  });

  it("goes on counting bytes where the oldest entries go", () => {
    const before = reading(0, { first: 1, last: 100, keptBytes: 1000 });
    const after = reading(1_000, { first: 51, last: 150, keptBytes: 1000 });
    expect(rateBetween(before, after)).toMatchObject({ entries: 50, bytes: 500 });
  });

  it("is nothing where nothing is kept", () => {
    const before = reading(0, { first: 1, last: 5, keptBytes: 10 });
    const after = reading(1_000, { first: 6, last: 5, keptBytes: 0 });
    expect(rateBetween(before, after)).toMatchObject({ entries: 0, bytes: 0 });
  });

  it("takes a log that began anew, and one that was not there, for nothing", () => {
    const before = reading(0, { last: 100, keptBytes: 100 });
    const after = reading(1_000, { epoch: "f", last: 7, keptBytes: 7 }, { last: 3, keptBytes: 3 });
    expect(rateBetween(before, after)).toMatchObject({ entries: 0, bytes: 0 });
  });
});

describe("the rates that are kept", () => {
  it("are those of the last while", () => {
    const rate = (atMs: number) => ({ atMs, entries: 1, bytes: 1 });
    const kept = addRate([rate(0), rate(1_000), rate(2_000)], rate(3_000), 2_000);
    expect(kept.map(({ atMs }) => atMs)).toEqual([2_000, 3_000]);
  });
});
