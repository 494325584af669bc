import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../test/run-count.ts";
import { isChannelError } from "../core/errors.ts";
import { encodeEntries, encodeEntriesMessage, encodeFrame } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import { encodeInputFields } from "../protocol/socket-message.ts";
import type { ReceivedInput } from "../protocol/socket-message.ts";
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

it("a frame is refused where text is expected and it is none, and the other way round", () => {
  const refused = expect.toSatisfy((error) => isChannelError(error, "invalid_argument"));
  const frame = encodeFrame("binary", []) as Uint8Array;
  expect(decodeClientFrame("binary", frame)).toEqual([]);
  expect(() => decodeClientFrame("json", frame)).toThrow(refused);
  expect(() => decodeClientFrame("binary", "[]")).toThrow(refused);
});

describe("an append", () => {
  const append = (entries: string): string => `[{"kind":"append","id":1,"entries":${entries}}]`;
  const entriesOf = (form: FrameForm, frame: string | Uint8Array): readonly ReceivedInput[] => {
    const [message] = decodeClientFrame(form, frame);
    return message?.kind === "append" ? message.entries : [];
  };

  it("leaves out sequences that go without saying, and then has payloads alone", () => {
    const text = '[{"sequence":7,"payload":"AQ=="},"Ag==",{"type":"end"},{"sequence":9},""]';
    expect(
      entriesOf("json", append(text)).map(({ sequence, type, payload }) => [
        sequence,
        type,
        ...payload,
      ]),
    ).toEqual([
      [7, undefined, 1],
      [8, undefined, 2],
      [9, "end"],
      [9, undefined],
      [10, undefined],
    ]);
  });

  it.each(['["AQ=="]', '[{"payload":"AQ=="}]', '[{"sequence":1},3]', "[]", '[{"sequence":0},""]'])(
    "of %s is refused",
    (entries) => {
      expect(() => entriesOf("json", append(entries))).toThrow(
        expect.toSatisfy((error) => isChannelError(error, "invalid_argument")),
      );
    },
  );

  it.each(['[{"sequence":1,"bytes":3},2]', '[{"sequence":1,"bytes":5},2]'])(
    "of %s with four bytes of payloads is refused",
    (entries) => {
      const text = append(entries).slice(1, -1);
      const frame = encodeFrame("binary", [{ text, payloads: [new Uint8Array(4)] }]);
      expect(() => entriesOf("binary", Buffer.from(frame as Uint8Array))).toThrow(
        expect.toSatisfy((error) => isChannelError(error, "invalid_argument")),
      );
    },
  );

  it("is copied out of its frame, small payloads into buffers that they share", () => {
    const lengths = [0, ...Array.from({ length: 100 }, () => 64), 5_000, 4_000, 90, 7];
    const payloads = lengths.map((length, index) => new Uint8Array(length).fill(index));
    const frame = encodeFrame("binary", [encodeAppend("binary", payloads)]) as Uint8Array;

    const entries = entriesOf("binary", Buffer.from(frame));

    expect(entries.map(({ payload }) => payload)).toEqual(payloads);
    for (const { payload } of entries) {
      const { buffer } = payload;
      expect(buffer.byteLength).toBeLessThanOrEqual(Math.max(4_096, payload.byteLength));
    }
    const buffers = new Set(entries.map(({ payload }) => payload.buffer));
    expect(buffers.size).toBeLessThan(8);
  });
});
