import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../test/run-count.ts";
import { isChannelError } from "../core/errors.ts";
import { encodeEntries, encodeEntriesMessage, encodeFrame } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import { encodeInputFields } from "../protocol/socket-message.ts";
import { decodeClientFrame } from "./socket-inbox.ts";

const runs = { numRuns: runCount(5_000, 200_000) };

const fields = fc.constantFrom(
  { kind: "hello", token: "t" },
  { kind: "subscribe", id: 1, process: "p", channel: "out", after: "start", credit: 100 },
  { kind: "credit", id: 1, bytes: 10 },
  { kind: "unsubscribe", id: 1 },
  { kind: "produce", id: 2, process: "p", channel: "out", producer: "a", term: 3 },
  { kind: "watch", id: 3 },
  { kind: "ping" },
);

function encodeAppend(form: FrameForm, payloads: readonly Uint8Array[]): EncodedMessage {
  const entries = payloads.map((payload, index) => ({ sequence: index + 1, payload }));
  const encoded = encodeEntries(form, entries, encodeInputFields);
  return encodeEntriesMessage({ kind: "append", id: 2 } as { kind: string }, encoded);
}

/** A right frame, as bytes, and how many messages it has. */
function rightFrames(form: FrameForm): fc.Arbitrary<{ frame: Uint8Array; count: number }> {
  const plain = fields.map((message) => ({ text: JSON.stringify(message), payloads: [] }));
  const append = fc
    .array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 4 })
    .map((payloads) => encodeAppend(form, payloads));
  return fc.array(fc.oneof(plain, append), { maxLength: 5 }).map((messages) => ({
    frame: Buffer.from(encodeFrame(form, messages)),
    count: messages.length,
  }));
}

/** As it comes from the connection. */
function decode(form: FrameForm, frame: Uint8Array): number {
  return decodeClientFrame(form, form === "json" ? Buffer.from(frame).toString() : frame).length;
}

function requireClean(form: FrameForm, frame: Uint8Array): void {
  try {
    decode(form, frame);
  } catch (error) {
    expect(error).toSatisfy((e) => isChannelError(e, "invalid_argument"));
  }
}

describe.each<FrameForm>(["json", "binary"])("frames of a client in the %s form", (form) => {
  it("are decoded as they were encoded", () => {
    fc.assert(
      fc.property(rightFrames(form), ({ frame, count }) => {
        expect(decode(form, frame)).toBe(count);
      }),
      runs,
    );
  });

  it("are messages or refused as invalid, whatever bytes they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => requireClean(form, frame)),
      runs,
    );
  });

  it("are messages or refused as invalid, whatever became of a right one", () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        rightFrames(form),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        ({ frame }, changes, cut) => {
          for (const [at, by] of changes) if (frame.length > 0) frame[at % frame.length] = by;
          requireClean(form, cut === null ? frame : frame.subarray(0, cut % (frame.length + 1)));
        },
      ),
      runs,
    );
  });
});
