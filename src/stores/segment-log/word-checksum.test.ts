import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32OfWords } from "./word-checksum.ts";

test("the checksum of words is that of zlib, whatever they are and wherever they stand", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 60, maxLength: 60 }),
      fc.nat(11),
      fc.nat(12),
      fc.integer({ min: 0, max: 0xffffffff }),
      (bytes, offset, wordCount, seed) => {
        const checked = bytes.slice(offset, offset + wordCount * 4);
        const view = new DataView(bytes.buffer);
        expect(crc32OfWords(view, offset, wordCount, seed)).toBe(crc32(checked, seed));
      },
    ),
  );
});
