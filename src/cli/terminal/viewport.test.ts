import { describe, expect, it } from "vitest";
import { followCursor } from "./viewport.ts";

const screen = { columns: 100, rows: 40 };
const shown = { columns: 80, rows: 20 };
const at = (column: number, row: number) => ({ column, row });

describe("followCursor", () => {
  it("moves no more than the cursor needs", () => {
    expect(followCursor(at(0, 0), at(5, 19), screen, shown)).toEqual(at(0, 0));
    expect(followCursor(at(0, 0), at(5, 20), screen, shown)).toEqual(at(0, 1));
    expect(followCursor(at(0, 15), at(5, 20), screen, shown)).toEqual(at(0, 15));
    expect(followCursor(at(0, 15), at(5, 3), screen, shown)).toEqual(at(0, 3));
    expect(followCursor(at(0, 0), at(85, 3), screen, shown)).toEqual(at(6, 0));
  });

  it("goes back to the beginning of rows where the cursor lets it", () => {
    expect(followCursor(at(20, 0), at(79, 0), screen, shown)).toEqual(at(0, 0));
    expect(followCursor(at(15, 0), at(81, 0), screen, shown)).toEqual(at(15, 0));
  });

  it("shows all of a screen that fits, from its beginning", () => {
    expect(followCursor(at(9, 9), at(99, 39), screen, screen)).toEqual(at(0, 0));
    const larger = { columns: 200, rows: 50 };
    expect(followCursor(at(9, 9), at(99, 39), screen, larger)).toEqual(at(0, 0));
  });
});
