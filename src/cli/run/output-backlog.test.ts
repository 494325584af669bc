import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSequenceEnd } from "../terminal/sequence-scanner.ts";
import { OutputBacklog, type BacklogPart } from "./output-backlog.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** Bytes as text, gaps as numbers. */
function form(part: BacklogPart): string | number {
  if ("payload" in part) return Buffer.from(part.payload).toString("latin1");
  if ("missingBytes" in part) return part.missingBytes;
  return "entry" in part ? `(${part.entry.type})` : "(mark)";
}

function takeAll(backlog: OutputBacklog, bytesMax = 100): (string | number)[] {
  const taken: (string | number)[] = [];
  for (;;) {
    const part = backlog.take(bytesMax, { rest: true });
    if (part === undefined) return taken;
    taken.push(form(part));
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

  it("keeps what was put between the bytes in its place", () => {
    const backlog = new OutputBacklog();
    backlog.insert({ type: "size" });
    backlog.push(bytesOf("a\xe2"));
    backlog.mark(() => undefined);
    backlog.push(bytesOf("b"));
    backlog.insert({ type: "size" });
    backlog.insert({ type: "size" });
    backlog.insert({ type: "other" });
    backlog.drop(3);
    backlog.mark(() => undefined);
    expect(takeAll(backlog)).toEqual([
      "(size)",
      "a\xe2",
      "(mark)",
      "b",
      "(size)",
      "(other)",
      3,
      "(mark)",
    ]);
  });

  it("ends payloads where it is told to", () => {
    const backlog = new OutputBacklog(createSequenceEnd);
    backlog.push(bytesOf("ab\x1b[31"));
    expect(backlog.take(100, { rest: false })).toEqual({ payload: bytesOf("ab") });
    expect(backlog.take(100, { rest: false })).toBeUndefined();
    backlog.push(bytesOf("mred"));
    expect(backlog.take(7, { rest: false })).toEqual({ payload: bytesOf("\x1b[31mre") });
    // A sequence larger than a payload must not stop the stream.
    backlog.push(bytesOf("\x1b]0;title"));
    expect(backlog.take(5, { rest: false })).toEqual({ payload: bytesOf("d") });
    expect(backlog.take(5, { rest: false })).toEqual({ payload: bytesOf("\x1b]0;t") });
    backlog.push(bytesOf("\x07x\x1b"));
    expect(backlog.take(100, { rest: false })).toEqual({ payload: bytesOf("itle\x07x") });
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
          if (part !== undefined) note(form(part));
        }
      }
      takeAll(backlog, 3).forEach(note);
      expect(read).toBe(written);
      expect(backlog.bytes).toBe(0);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
