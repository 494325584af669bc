import { describe, expect, it } from "vitest";
import { escapeText, fitText, formatAge, formatTable } from "./terminal-text.ts";

describe("escapeText", () => {
  it("leaves letters of all languages and emoji alone", () => {
    expect(escapeText("Grüße, 世界 🎉 — ok")).toBe("Grüße, 世界 🎉 — ok");
  });

  it.each([
    ["\u001b[2Jgone", "\\e[2Jgone"],
    ["a\r\nb\tc", "a\\r\\nb\\tc"],
    ["\u0007\u009b31m", "\\u{7}\\u{9b}31m"],
    ["exe.\u202egnp", "exe.\\u{202e}gnp"],
    ["zero\u200bwidth", "zero\\u{200b}width"],
    ["line\u2028separator", "line\\u{2028}separator"],
    ["lone \ud800 surrogate", "lone \\u{d800} surrogate"],
  ])("makes %j harmless", (hostile, expected) => {
    expect(escapeText(hostile)).toBe(expected);
  });
});

describe("fitText", () => {
  it("cuts after escaping and shows that it did", () => {
    expect(fitText("abcdef", 4)).toBe("abc…");
    expect(fitText("abcd", 4)).toBe("abcd");
  });
});

describe("formatTable", () => {
  it("aligns columns without trailing blanks", () => {
    expect(
      formatTable([
        ["ID", "NAME"],
        ["1", "x"],
        ["22", ""],
      ]),
    ).toBe("ID  NAME\n1   x\n22\n");
  });
});

describe("formatAge", () => {
  it.each([
    [-5, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [3_600_000, "1h"],
    [172_800_000, "2d"],
  ])("shows %d ms", (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
