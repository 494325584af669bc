import { expect, it } from "vitest";
import { cursor } from "./screen-modes.ts";
import { Screen } from "./screen.ts";

it.each([
  ["a letter", "é", 1],
  ["a letter with a mark", "e\u0301", 1],
  ["a letter with a mark of later years", "\u{1e100}\u{1e2ec}", 1],
  ["an ideograph", "世", 2],
  ["an ideograph of later years", "\u{17000}", 2],
  ["a picture", "😀", 2],
  ["a picture that was a sign before", "⌚", 2],
  ["a sign", "☎", 1],
  ["a sign that is asked to be a picture", "❤\ufe0f", 1],
  ["a letter of a flag", "🇪", 1],
])("counts columns of %s", async (_, text, columns) => {
  const screen = await Screen.create({ columns: 10, rows: 2 });
  await screen.write(text);
  expect(cursor(screen).column).toBe(columns);
});
