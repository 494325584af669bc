import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration } from "./format.ts";

describe("a duration", () => {
  it.each([
    [-5, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 m 00 s"],
    [185_000, "3 m 05 s"],
    [7_800_000, "2 h 10 m"],
    [86_400_000, "1 d 00 h"],
    [442_800_000, "5 d 03 h"],
  ])("of %d ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("a count", () => {
  it.each([
    [0, "0"],
    [0.04, "0"],
    [0.44, "0.4"],
    [9.96, "10"],
    [12.4, "12"],
    [999.4, "999"],
    [999.6, "1 k"],
    [1_540, "1.5 k"],
    [340_000_000, "340 M"],
    [1e15, "1000 T"],
  ])("%d reads %s", (value, text) => {
    expect(formatCount(value)).toBe(text);
  });

  it("of bytes has its unit", () => {
    expect([0, 12, 1_540].map(formatBytes)).toEqual(["0 B", "12 B", "1.5 kB"]);
  });
});
