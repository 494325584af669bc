import { expect, it } from "vitest";
import { translateMouse } from "./mouse-reports.ts";

const shown = { origin: { column: 10, row: 5 }, screen: { columns: 80, rows: 24 } };
const translate = (text: string): string =>
  Buffer.from(translateMouse(Buffer.from(text), shown)).toString();

it("moves reports to where the program has what was pointed at, and nothing else", () => {
  expect(translate("a\x1b[<0;1;2Mé\x1b[<0;1;2m")).toBe("a\x1b[<0;11;7Mé\x1b[<0;11;7m");
  expect(translate("\x1b[A\x1b[1;2C世")).toBe("\x1b[A\x1b[1;2C世");
});

it("drops reports from beside the screen", () => {
  expect(translate("x\x1b[<35;71;1My\x1b[<35;70;20M")).toBe("xy");
  expect(translate("\x1b[<35;70;19M")).toBe("\x1b[<35;80;24M");
});
