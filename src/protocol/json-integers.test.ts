import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "./json-integers.ts";

describe("parseJson", () => {
  it("gives what JSON.parse gives for any value with exact integers", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        const hasLarge = /\d{16}|e\+?\d/i.test(text);
        if (!hasLarge) expect(parseJson(text)).toEqual(value);
      }),
    );
  });

  it("refuses an inexact integer behind any string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = JSON.stringify({ text, more: [text] });
        expect(parseJson(json)).toEqual({ text, more: [text] });
        expect(() => parseJson(`${json.slice(0, -1)},"n":9007199254740993}`)).toThrow(
          "9007199254740993",
        );
      }),
    );
  });

  it("takes strings of many megabytes, escaped or not", () => {
    const plain = "e1234567890123456789".repeat(1_000_000);
    const escaped = '\\"'.repeat(4_000_000);
    const json = JSON.stringify({ plain, escaped, n: 9007199254740991 });
    expect(parseJson(json)).toEqual({ plain, escaped, n: 9007199254740991 });
  });
});
