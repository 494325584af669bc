import { describe, expect, it } from "vitest";
import { LineBuilder } from "./line-builder.ts";
import { webAddress, type TextStyle } from "./text-style.ts";

const escape = "\u001b";
const boldStyle: TextStyle = { bold: true };
const webLink: TextStyle = { link: "https://example.org/a?b#c" };
const allAttributes = Object.fromEntries(
  ["bold", "italic", "underline", "inverse", "strike"].map((name) => [name, true]),
);

function runsOf(text: string): [string, TextStyle][] {
  const builder = new LineBuilder();
  builder.write(text);
  return builder.take().map(({ text: shown, style }) => [shown, style]);
}

describe("LineBuilder", () => {
  it("shows colours and attributes", () => {
    expect(runsOf(`${escape}[31ma${escape}[92;44mb${escape}[0mc`)).toEqual([
      ["a", { foreground: 1 }],
      ["b", { foreground: 10, background: 4 }],
      ["c", {}],
    ]);
    expect(runsOf(`${escape}[38;5;208ma${escape}[48;2;1;2;255mb${escape}[39;49mc`)).toEqual([
      ["a", { foreground: 208 }],
      ["b", { foreground: 208, background: "#0102ff" }],
      ["c", {}],
    ]);
    expect(runsOf(`${escape}[38:2::1:2:255ma${escape}[4:3mb${escape}[mc`)).toEqual([
      ["a", { foreground: "#0102ff" }],
      ["b", { foreground: "#0102ff", underline: true }],
      ["c", {}],
    ]);
    expect(runsOf(`${escape}[1;3;4;7;9ma${escape}[22;29mb${escape}[23;24;27mc`)).toEqual([
      ["a", allAttributes],
      ["b", { italic: true, underline: true, inverse: true }],
      ["c", {}],
    ]);
    expect(runsOf(`${escape}[38;5;999;38;9;1ma`)).toEqual([["a", boldStyle]]);
  });

  it.each([
    ["a title", `a${escape}]0;owned\u0007b`],
    ["a clipboard write", `a${escape}]52;c;aGk=${escape}\\b`],
    ["a device query", `a${escape}[6n${escape}[cb`],
    ["a device string", `a${escape}P1$r0m${escape}\\b`],
    ["moves of the cursor", `a${escape}[10;10H${escape}[2Jb`],
    ["another character set", `a${escape}(0b`],
    ["bells and other controls", "a\u0007\u0000\u0001b"],
    ["8-bit controls", "a\u009b31m\u009d0;x\u009cb"],
    ["a sequence in a sequence", `a${escape}[3${escape}[0mb`],
  ])("drops %s", (_name, text) => {
    const shown = runsOf(text)
      .map(([piece]) => piece)
      .join("");
    expect(shown).toBe("ab");
  });

  it("takes a sequence that comes in pieces, and leaves one that the line ends in", () => {
    const builder = new LineBuilder();
    for (const piece of [escape, "[", "3", "1", "m", "red", `${escape}]0;title`])
      builder.write(piece);
    expect(builder.take()).toEqual([{ text: "red", style: { foreground: 1 } }]);
    builder.write("next");
    expect(builder.take()).toEqual([{ text: "next", style: { foreground: 1 } }]);
  });

  it.each([
    ["a shorter text over a longer one", "50 %....\r51 %", "51 %...."],
    ["a text after an erased line", `loading\r${escape}[Kdone`, "done"],
    ["a whole erased line", `abc\r${escape}[2Kd`, "d"],
    ["backspaces", "|\b/\b-\b\\", "\\"],
    ["the end of a line of Windows", "line\r", "line"],
  ])("overwrites as a terminal does: %s", (_name, text, shown) => {
    expect(
      runsOf(text)
        .map(([piece]) => piece)
        .join(""),
    ).toBe(shown);
  });

  it("links to the web, and to nothing else", () => {
    const linkTo = (address: string) =>
      `${escape}]8;;${address}${escape}\\x${escape}]8;;${escape}\\`;
    expect(runsOf(linkTo("https://example.org/a?b#c"))).toEqual([["x", webLink]]);
    for (const address of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x"])
      expect(runsOf(linkTo(address))).toEqual([["x", {}]]);
  });
});

it("knows addresses of the web only as whole ones", () => {
  expect(webAddress("https://a.example/<b>")).toBe("https://a.example/%3Cb%3E");
  expect(webAddress("https://")).toBeUndefined();
  expect(webAddress(" https://a.example")).toBeUndefined();
  expect(webAddress("JavaScript://%0aalert(1)")).toBeUndefined();
});
