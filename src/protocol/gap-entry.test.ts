import { expect, it } from "vitest";
import { requireMsgType } from "../core/entry.ts";
import { decodeGapEntry, encodeGapEntry, gapEntryType } from "./gap-entry.ts";

it("is of a type that every server takes", () => {
  expect(requireMsgType(gapEntryType)).toBe(gapEntryType);
});

it("says the same after encoding and decoding", () => {
  const gap = { bytes: 123_456, reason: "dropped" } as const;
  expect(decodeGapEntry(encodeGapEntry(gap))).toEqual(gap);
});

it.each([
  ["nothing", ""],
  ["no JSON", "{bytes"],
  ["null", "null"],
  ["a negative count", '{"bytes":-1,"reason":"lost"}'],
  ["a fraction", '{"bytes":1.5,"reason":"lost"}'],
  ["an unknown reason", '{"bytes":1,"reason":"tired"}'],
])("is nothing that a payload of another form could be: %s", (_name, text) => {
  expect(decodeGapEntry(new TextEncoder().encode(text))).toBeUndefined();
});
