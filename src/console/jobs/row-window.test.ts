import { describe, expect, it } from "vitest";
import { rowWindow, scrollToRow } from "./row-window.ts";

const viewport = { top: 0, height: 400, rowHeight: 40, count: 10_000 };

describe("the rows that are drawn", () => {
  it("are those in view and a few around them", () => {
    expect(rowWindow(viewport)).toEqual({ start: 0, end: 18 });
    expect(rowWindow({ ...viewport, top: 200_010 })).toEqual({ start: 4992, end: 5019 });
  });

  it("end with the list, however far it was scrolled before it became shorter", () => {
    expect(rowWindow({ ...viewport, count: 3 })).toEqual({ start: 0, end: 3 });
    expect(rowWindow({ ...viewport, top: 200_000, count: 3 })).toEqual({ start: 3, end: 3 });
    expect(rowWindow({ ...viewport, count: 0 })).toEqual({ start: 0, end: 0 });
  });
});

describe("scrolling to a row", () => {
  it("moves no further than it has to", () => {
    const at = { ...viewport, top: 1000 };
    expect(scrollToRow(30, at)).toBe(1000);
    expect(scrollToRow(20, at)).toBe(800);
    expect(scrollToRow(34, at)).toBe(1000);
    expect(scrollToRow(35, at)).toBe(1040);
  });
});
