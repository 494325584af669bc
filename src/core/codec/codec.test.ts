import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHead } from "../channel-head.ts";
import type { ChannelHead } from "../channel-head.ts";
import type { MsgEntry } from "../entry.ts";
import { producerKey } from "../channel-head.ts";
import type { ProcessRecord } from "../process-record.ts";
import type { Batch } from "../store.ts";
import { decodeBatch, decodeBatchEffect, encodeBatchHeader } from "./batch-codec.ts";
import { ByteReader, DecodeError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeHead, encodeHead } from "./head-codec.ts";
import { decodeRecord, encodeRecord } from "./record-codec.ts";

const unsigned = fc.oneof(fc.nat(), fc.maxSafeNat());
const signed = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(-(2 ** 53)));
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", "\ud800", "é\u0000", "x".repeat(300)),
);
const bytes = fc.uint8Array({ maxLength: 40 });

const entry: fc.Arbitrary<Omit<MsgEntry, "position">> = fc.record({
  sequence: signed.filter(Number.isSafeInteger),
  inReplyTo: fc.oneof(fc.constant(0), signed),
  replyTo: fc.oneof(fc.constant(0), unsigned),
  timestamp: fc.nat({ max: 2 ** 31 }),
  senderId: fc.constantFrom("ada", "grace", "é"),
  producer: fc.constantFrom("", "p1", "p2"),
  payload: bytes,
  type: fc.constantFrom("data", "end", "chat.delta"),
  error: fc.oneof(fc.constant(""), text),
});
const producer = fc.record({
  senderId: text,
  producer: text,
  max: signed,
  holes: fc.array(fc.tuple(signed, signed), { maxLength: 3 }),
  floor: signed,
  lastUsedAt: unsigned,
});
const mark = fc.record({ position: unsigned, cumulativeBytes: unsigned });
const outcome = fc.constantFrom(
  undefined,
  { status: "success" } as const,
  { status: "failed", error: "“why”", exitCode: -1 } as const,
);
const batch: fc.Arbitrary<Batch> = fc
  .record({
    id: text,
    kind: fc.constantFrom("open", "data", "fence", "seal", "tombstone"),
    epoch: text,
    term: unsigned,
    first: fc.nat(),
    entries: fc.array(entry, { maxLength: 6 }),
    bytes: unsigned,
    logicalFirst: unsigned,
    trimmedBytes: unsigned,
    marks: fc.array(mark, { maxLength: 3 }),
    producers: fc.array(producer, { maxLength: 3 }),
    forgottenProducers: fc.array(fc.record({ senderId: text, producer: text }), { maxLength: 2 }),
    outcome,
  })
  .map(({ outcome: told, entries, ...rest }) => ({
    ...rest,
    entries: entries.map((one, index) => ({ ...one, position: rest.first + index })),
    ...(told === undefined ? {} : { outcome: told }),
  }));

function encoded(one: Batch): Uint8Array {
  const writer = new ByteWriter(1);
  encodeBatchHeader(writer, one);
  for (const { payload } of one.entries) writer.bytes(payload);
  return writer.written.slice();
}

describe("the batch codec", () => {
  it("gives back every batch as it was", () => {
    const property = fc.property(batch, (one) => {
      expect(decodeBatch(encoded(one))).toEqual(one);
      const { id: _id, ...effect } = one;
      const entries = { length: one.entries.length };
      expect(decodeBatchEffect(encoded(one))).toEqual({ ...effect, entries });
    });
    fc.assert(property);
  });

  it("refuses a batch that was cut anywhere, and one of another version", () => {
    const property = fc.property(batch, fc.nat(), (one, at) => {
      const whole = encoded(one);
      expect(() => decodeBatch(whole.subarray(0, at % whole.byteLength))).toThrow(DecodeError);
      whole[0] = 9;
      expect(() => decodeBatch(whole)).toThrow("version 9");
    });
    fc.assert(property);
  });

  it("takes a few bytes for an entry that is like the one before it", () => {
    const like = { senderId: "s", producer: "p", timestamp: 5, inReplyTo: 0, replyTo: 0 };
    const entries = Array.from({ length: 100 }, (_, i): MsgEntry => {
      return {
        ...like,
        position: i + 1,
        sequence: i + 1,
        payload: new Uint8Array(),
        type: "data",
        error: "",
      };
    });
    const one = fc.sample(batch, 1)[0] as Batch;
    const [few, many] = [entries.slice(0, 1), entries].map((some) =>
      encoded({ ...one, entries: some }),
    );
    expect((many as Uint8Array).byteLength - (few as Uint8Array).byteLength).toBe(99 * 2);
  });
});

describe("the head codec", () => {
  it("gives back every head as it was", () => {
    const head: fc.Arbitrary<ChannelHead> = fc
      .record({
        numbers: fc.tuple(unsigned, unsigned, unsigned, unsigned, unsigned),
        marks: fc.array(mark, { maxLength: 3 }),
        producers: fc.uniqueArray(producer, { maxLength: 4, selector: producerKey }),
        flags: fc.tuple(fc.boolean(), fc.boolean()),
        seal: outcome,
      })
      .map(({ numbers, marks, producers, flags, seal }) => {
        const [term, first, last, cumulativeBytes, trimmedBytes] = numbers;
        return {
          ...createHead("epoch", term),
          ...{ first, last, cumulativeBytes, trimmedBytes, marks, seal },
          producers: new Map(producers.map((state) => [producerKey(state), state])),
          hasForgotten: flags[0],
          isDeleted: flags[1],
        };
      });
    const property = fc.property(head, (one) => {
      const writer = new ByteWriter();
      encodeHead(writer, one);
      const decoded = decodeHead(writer.written);
      expect(decoded).toEqual(one);
      // The order of producers is the order in which they are forgotten.
      expect([...decoded.producers.keys()]).toEqual([...one.producers.keys()]);
    });
    fc.assert(property);
  });
});

describe("the record codec", () => {
  it("gives back every process record as it was", () => {
    const limit = fc.oneof(fc.integer({ min: 1 }), fc.constant(Infinity));
    const spec = fc.record({
      name: text,
      maxLogEntries: limit,
      maxLogBytes: limit,
      whenFull: fc.constantFrom("refuse", "trim"),
      writers: fc.constantFrom("both", "submitter", "executor"),
    });
    const grant = fc.record(
      { id: text, secretHash: text, ops: fc.constant(["read"] as const), createdBy: text },
      { requiredKeys: ["id", "secretHash", "ops", "createdBy"] },
    );
    const required = fc.record({
      ...{ id: text, life: text, epoch: text, label: text },
      ...{ submitterId: text, executorId: text, firstExecutorId: text },
      ...{ term: unsigned, assignTerm: unsigned, createdAt: fc.nat() },
      state: fc.constantFrom("waiting", "running", "closed"),
      executors: fc.array(text, { maxLength: 2 }),
      channels: fc.array(spec, { maxLength: 3 }),
      grants: fc.array(
        grant.map((one) => ({ ...one, expiresAt: 2, createdAt: 1 })),
        { maxLength: 1 },
      ),
    });
    const optional = fc.record(
      {
        ...{ startedAt: fc.nat(), closedAt: fc.nat(), leaseMs: fc.nat() },
        settling: fc.record({ kind: fc.constantFrom("fence", "seal"), since: fc.nat() }),
        cancelRequest: fc.record({ by: text, at: fc.nat() }),
        outcome: outcome.filter((one) => one !== undefined),
        lastPositions: fc.constant({ out: 3 }),
      },
      { requiredKeys: [] },
    );
    const property = fc.property(required, optional, (always, sometimes) => {
      const record = { ...always, ...sometimes } as ProcessRecord;
      const writer = new ByteWriter(1);
      encodeRecord(writer, record);
      expect(decodeRecord(writer.written)).toEqual(record);
    });
    fc.assert(property);
  });
});

describe("integers and texts", () => {
  it("come back exactly", () => {
    const property = fc.property(unsigned, signed, text, (a, b, c) => {
      const writer = new ByteWriter(1);
      writer.unsigned(a);
      writer.signed(b);
      writer.text(c);
      const reader = new ByteReader(writer.written);
      expect([reader.unsigned(), reader.signed(), reader.text()]).toEqual([a, b, c]);
      expect(reader.isAtEnd).toBe(true);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
