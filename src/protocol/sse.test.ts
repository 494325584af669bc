import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeSseEvent, SseParser, type ReceivedSseEvent } from "./sse.ts";

const parts = ["data: a", "data:b", "data", "event: x", "event:", "id: 1", ": c", "other: y"];
const line = fc.constantFrom(...parts, "", "", "\u{1f600}data: z");
const stream = fc
  .array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")))
  .map((lines) => `${lines.flat().join("")}\n\n`);

/** In pieces of the given sizes, the rest at once. */
function cut(text: string, sizes: readonly number[]): string[] {
  const pieces = sizes.map((size) => {
    const piece = text.slice(0, size);
    text = text.slice(size);
    return piece;
  });
  return [...pieces, text];
}

function readByModel(text: string): ReceivedSseEvent[] {
  const events: ReceivedSseEvent[] = [];
  createParser({
    onEvent: ({ event = "message", data }) => events.push({ event: event || "message", data }),
  }).feed(text);
  return events;
}

describe("a parser of server-sent events", () => {
  it("reads what another parser reads, however the stream is cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 0, max: 9 })), (text, sizes) => {
        const parser = new SseParser();
        const events = cut(text, sizes).flatMap((piece) => parser.feed(piece));
        expect(events).toEqual(readByModel(text));
      }),
    );
  });

  it("reads what the server writes", () => {
    const parser = new SseParser();
    const text = encodeSseEvent({ event: "end", id: "e.1", data: "one\ntwo" });
    expect(parser.feed(text)).toEqual([{ event: "end", data: "one\ntwo" }]);
  });
});
