import { expect, it } from "vitest";
import { hexRows } from "./hex-rows.ts";

it("shows bytes in rows of sixteen", () => {
  const bytes = new TextEncoder().encode("Jobwire\n0123456789\u00e9");
  expect(hexRows(bytes, 10)).toEqual([
    {
      offset: "00000000",
      hex: "4a 6f 62 77 69 72 65 0a  30 31 32 33 34 35 36 37",
      text: "Jobwire·01234567",
    },
    { offset: "00000010", hex: "38 39 c3 a9", text: "89··" },
  ]);
  expect(hexRows(bytes, 1)).toHaveLength(1);
  expect(hexRows(new Uint8Array(0), 1)).toEqual([]);
});
