import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MsgEntry } from "../core/entry.ts";
import { decodeFrame, encodeEntries, encodeEntriesMessage, encodeFrame } from "./frame.ts";
import type { FrameForm } from "./frame.ts";
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
  payload: fc.uint8Array({ maxLength: 4 }),
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
          expect(decodeEntryFields(JSON.parse(text) as never, undefined, one.payload)).toEqual(one);
        }
      }),
    );
  });

  it("is the same again where it tells only what those before it in a message have not", () => {
    const messages = fc.array(fc.tuple(entry, fc.boolean()), { minLength: 1, maxLength: 6 });
    const forms = fc.constantFrom<FrameForm>("json", "binary");
    fc.assert(
      fc.property(forms, messages, (form, parts) => {
        const entries: MsgEntry[] = [];
        for (const [one, isNext] of parts) {
          const before = entries.at(-1);
          const { position = 0, sequence = 0 } = before ?? {};
          const next = { ...before, position: position + 1, sequence: sequence + 1 };
          entries.push(isNext && before !== undefined ? { ...one, ...next } : one);
        }
        const encoded = encodeEntries(form, entries, encodeEntryFieldsText);
        const message = encodeEntriesMessage({ kind: "entries" }, encoded);
        const frame = encodeFrame(form, [message]);
        const [decoded] = decodeFrame(frame, decodeEntryFields);
        expect(decoded?.["entries"]).toEqual(entries);
      }),
    );
  });
});
