import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MsgEntry } from "../core/entry.ts";
import { decodeEntryFields, encodeEntryFields, encodeEntryFieldsText } from "./json-form.ts";

const integer = fc.maxSafeInteger();
const entry: fc.Arbitrary<MsgEntry> = fc.record({
  position: fc.maxSafeNat(),
  sequence: integer,
  inReplyTo: fc.oneof(fc.constant(0), integer),
  replyTo: fc.oneof(fc.constant(0), fc.maxSafeNat()),
  timestamp: fc.integer({ min: 0, max: 253_402_300_799_999 }),
  senderId: fc.string({ unit: "binary", minLength: 1 }),
  producer: fc.oneof(fc.constant(""), fc.string({ unit: "binary" })),
  payload: fc.constant(new Uint8Array(0)),
  type: fc.constantFrom<MsgEntry["type"]>("data", "end", "error", "area.name"),
  error: fc.oneof(fc.constant(""), fc.string({ unit: "binary" })),
});

describe("an entry without its payload", () => {
  it("is the same JSON, made at once or by its text, and the same entry again", () => {
    const sameTimes = fc
      .array(entry, { maxLength: 4 })
      .chain((entries) => fc.constant(entries.flatMap((one) => [one, { ...one, sequence: 1 }])));
    fc.assert(
      fc.property(sameTimes, (entries) => {
        for (const one of entries) {
          const text = encodeEntryFieldsText(one);
          expect(text).toBe(JSON.stringify(encodeEntryFields(one)));
          const { payload, ...fields } = one;
          expect(payload.byteLength).toBe(0);
          expect(decodeEntryFields(JSON.parse(text) as never)).toEqual(fields);
        }
      }),
    );
  });
});
