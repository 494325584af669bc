import { describe, expect, it } from "vitest";
import { layOutUnwrapped, layOutWrapped } from "./line-layout.ts";
import { cellsOf, LineRows } from "./line-rows.ts";
import { TextWindow } from "./text-window.ts";

function windowOf(...lines: readonly string[]): TextWindow {
  const window = new TextWindow();
  const bytes = new TextEncoder().encode(lines.join("\n"));
  window.append([{ bytes, position: 1, offset: 0, time: 0 }]);
  return window;
}

it.each([
  ["", 0],
  ["plain", 5],
  ["\ta\tb", 17],
  ["日本", 4],
  ["e\u0301", 1],
  ["🎉!", 3],
])("counts the cells of %j", (text, cells) => {
  expect(cellsOf(text)).toBe(cells);
});

describe("the layout of lines", () => {
  it("gives each line a row where nothing is wrapped", () => {
    const layout = layOutUnwrapped(windowOf("a", "b".repeat(500), "c"));
    expect(layout.rows).toBe(3);
    expect(layout.indexAt(1.9)).toBe(1);
    expect(layout.indexAt(99)).toBe(2);
  });

  it("gives wrapped lines as many rows as they take", () => {
    const window = windowOf("a", "b".repeat(25), "", "c");
    const layout = layOutWrapped(window, new LineRows(10));
    expect([0, 1, 2, 3].map((index) => layout.rowOf(index))).toEqual([0, 1, 4, 5]);
    expect(layout.rows).toBe(6);
    expect([0, 1, 3, 3.5, 4, 5, 99].map((row) => layout.indexAt(row))).toEqual([
      0, 1, 1, 1, 2, 3, 3,
    ]);
  });

  it("believes the page about rows that it has drawn", () => {
    const window = windowOf("日".repeat(5), "b");
    const rows = new LineRows(10);
    const line = window.line(0)!;
    expect(rows.of(line)).toBe(1);
    expect(rows.correct(line, 2)).toBe(true);
    expect(rows.correct(line, 2)).toBe(false);
    expect(layOutWrapped(window, rows).rows).toBe(3);
  });
});
