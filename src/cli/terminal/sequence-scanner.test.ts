import { describe, expect, it } from "vitest";
import { SequenceScanner } from "./sequence-scanner.ts";

const esc = "\u001b";

/** Each is one thing that must stay whole: nothing within it is a place to cut. */
const wholes: readonly (readonly [name: string, text: string])[] = [
  ["a colour", `${esc}[38;5;196m`],
  ["a private mode", `${esc}[?1049h`],
  ["a cursor style with an intermediate", `${esc}[4 q`],
  ["a character set", `${esc}(B`],
  ["an escape of one byte", `${esc}7`],
  ["a title ended by BEL", `${esc}]0;a title é\u0007`],
  ["a link ended by ST", `${esc}]8;;https://example.org/?a=1${esc}\\`],
  ["a clipboard", `${esc}]52;c;${"YWJj".repeat(20)}${esc}\\`],
  ["a device control string", `${esc}P+q544e${esc}\\`],
  ["a picture", `${esc}Pq#0;2;0;0;0~~@@vv@@~~$-${esc}\\`],
  ["an application string", `${esc}_Gf=24;AAAA${esc}\\`],
  ["a control character within a sequence", `${esc}[1\r;2H`],
  ["a sequence that CAN ends", `${esc}[12\u0018`],
  ["a title that the next sequence ends", `${esc}]0;title${esc}[0m`],
  ["a character of two bytes", "é"],
  ["a character of three bytes", "€"],
  ["a character of four bytes", "🙂"],
  ["CSI as one character", "\u009b1;31m"],
  ["OSC as one character", "\u009d0;title\u0007"],
];

describe("SequenceScanner", () => {
  it.each(wholes)("keeps %s whole, cut at every byte", (_, text) => {
    const before = Buffer.from("ab");
    const bytes = Buffer.concat([before, Buffer.from(text), Buffer.from("c")]);
    for (let length = 0; length <= bytes.byteLength; length++) {
      const scanner = new SequenceScanner();
      const isInside = length > before.byteLength && length < bytes.byteLength - 1;
      const boundary = scanner.scan(bytes.subarray(0, length));
      expect([length, boundary]).toEqual([length, isInside ? before.byteLength : length]);
      expect(scanner.isAtBoundary).toBe(!isInside);
      // What follows finds the end of what was begun.
      expect(scanner.scan(bytes.subarray(length))).toBe(bytes.byteLength - length);
      expect(scanner.isAtBoundary).toBe(true);
    }
  });

  it("finds the place before what is left open", () => {
    const scanner = new SequenceScanner();
    expect(scanner.scan(Buffer.from(`text${esc}[31mred${esc}[`))).toBe(12);
    expect(scanner.scan(Buffer.from("0"))).toBe(0);
    expect(scanner.copy().isAtBoundary).toBe(false);
    expect(scanner.scan(Buffer.from("mplain"))).toBe(6);
  });

  it("does not wait for the rest of bytes that are no characters", () => {
    const scanner = new SequenceScanner();
    expect(scanner.scan(Uint8Array.of(0x80, 0xff, 0xc0, 0xc1))).toBe(4);
    // The first one is broken off by the second.
    expect(scanner.scan(Uint8Array.of(0xe2, 0x41))).toBe(2);
    expect(scanner.scan(Uint8Array.of(0xe2, 0xc3))).toBe(0);
    expect(scanner.scan(Uint8Array.of(0xa9))).toBe(1);
  });
});
