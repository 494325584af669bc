import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputBacklog } from "./output-backlog.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** Everything it gives out: bytes as text, gaps as numbers. */
function takeAll(backlog: OutputBacklog, bytesMax = 100): (string | number)[] {
  const taken: (string | number)[] = [];
  for (;;) {
    const part = backlog.take(bytesMax, { rest: true });
    if (part === undefined) return taken;
    taken.push(
      "payload" in part ? Buffer.from(part.payload).toString("latin1") : part.missingBytes,
    );
  }
}

describe("OutputBacklog", () => {
  it("gives out gaps in their places, joined, and bytes coalesced between them", () => {
    const backlog = new OutputBacklog();
    backlog.push(bytesOf("a"));
    backlog.push(bytesOf("b"));
    backlog.drop(10);
    backlog.drop(5);
    backlog.push(bytesOf("c"));
    backlog.drop(1);
    expect(backlog.bytes).toBe(3);
    expect(takeAll(backlog)).toEqual(["ab", 15, "c", 1]);
    expect(backlog.bytes).toBe(0);
  });

  it("does not wait for the rest of a character that a gap follows", () => {
    const backlog = new OutputBacklog();
    backlog.push(bytesOf("\xe2\x82"));
    expect(backlog.take(100, { rest: false })).toBeUndefined();
    backlog.drop(1);
    expect(backlog.take(100, { rest: false })).toEqual({ payload: bytesOf("\xe2\x82") });
    expect(backlog.take(100, { rest: false })).toEqual({ missingBytes: 1 });
  });

  it("accounts for every byte, whatever comes and goes", () => {
    const step = fc.oneof(
      fc.record({ push: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 9 }) }),
      fc.record({ drop: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 9 }) }),
    );
    const property = fc.property(fc.array(step), (steps) => {
      const backlog = new OutputBacklog();
      // Dropped bytes are stars, so that streams can be compared.
      let written = "";
      let read = "";
      const note = (part: string | number): void => {
        read += typeof part === "string" ? part : "*".repeat(part);
      };
      for (const one of steps) {
        if ("push" in one) {
          written += one.push;
          backlog.push(bytesOf(one.push));
        } else if ("drop" in one) {
          written += "*".repeat(one.drop);
          backlog.drop(one.drop);
        } else {
          const part = backlog.take(one.take, { rest: false });
          if (part === undefined) continue;
          const isGap = "missingBytes" in part;
          note(isGap ? part.missingBytes : Buffer.from(part.payload).toString("latin1"));
        }
      }
      takeAll(backlog, 3).forEach(note);
      expect(read).toBe(written);
      expect(backlog.bytes).toBe(0);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
