import { describe, expect, it } from "vitest";
import type { ChannelEntry } from "../../client/index.ts";
import { encodeGapEntry, gapEntryType } from "../../protocol/index.ts";
import { encodeTerminalEntry, sizeEntryType } from "../../protocol/terminal-entries.ts";
import { Asciicast } from "./asciicast.ts";

const startMs = 1_700_000_000_500;

function entry(
  ms: number,
  payload: Uint8Array | string,
  type: ChannelEntry["type"] = "data",
): ChannelEntry {
  return {
    position: 1,
    sequence: 1,
    inReplyTo: 0,
    replyTo: 0,
    timestamp: startMs + ms,
    senderId: "sub",
    producer: "",
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    type,
    error: "",
    cursor: "e.1",
  };
}

const size = (ms: number, columns: number, rows: number): ChannelEntry =>
  entry(ms, encodeTerminalEntry({ columns, rows }), sizeEntryType);

function record(...entries: readonly ChannelEntry[]): unknown[] {
  const cast = new Asciicast({ columns: 80, rows: 24 });
  const text = entries.map((one) => cast.add(one)).join("") + cast.end();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

describe("Asciicast", () => {
  it("is a header, output and sizes with their times", () => {
    const lines = record(size(0, 100, 30), entry(250, "\x1b[1mhi"), size(1_500, 90, 20));
    expect(lines).toEqual([
      {
        version: 2,
        width: 100,
        height: 30,
        timestamp: 1_700_000_000,
        env: { TERM: "xterm-256color" },
      },
      [0.25, "o", "\x1b[1mhi"],
      [1.5, "r", "90x20"],
    ]);
  });

  it("has a size where the channel begins without one, and a header where it is empty", () => {
    expect(record(entry(0, "x"))).toMatchObject([{ width: 80, height: 24 }, [0, "o", "x"]]);
    expect(record()).toMatchObject([{ version: 2, width: 80, height: 24 }]);
  });

  it("puts characters together that entries cut, and replaces what is none", () => {
    const [first, second] = [Buffer.from("世").subarray(0, 2), Buffer.from("世").subarray(2)];
    expect(
      record(entry(0, first), entry(10, second), entry(20, Uint8Array.of(0x41, 0xff))),
    ).toEqual([expect.anything(), [0.01, "o", "世"], [0.02, "o", "A\ufffd"]]);
    expect(record(entry(0, first)).slice(1)).toEqual([[0, "o", "\ufffd"]]);
  });

  it("makes no character of what a gap is between", () => {
    const bytes = Buffer.from("世");
    const gap = entry(5, encodeGapEntry({ bytes: 9, reason: "dropped" }), gapEntryType);
    expect(record(entry(0, bytes.subarray(0, 2)), gap, entry(9, "x")).slice(1)).toEqual([
      [0.005, "o", "\ufffd"],
      [0.009, "o", "x"],
    ]);
  });

  it("never goes back in time", () => {
    const times = record(entry(0, "a"), entry(500, "b"), entry(200, "c"), entry(700, "d"))
      .slice(1)
      .map((event) => (event as [number])[0]);
    expect(times).toEqual([0, 0.5, 0.5, 0.7]);
  });
});
