import { describe, expect, it } from "vitest";
import { requireMsgType } from "../core/entry.ts";
import {
  decodeKeyboard,
  decodeSignal,
  decodeSize,
  decodeSnapshot,
  decodeViewer,
  encodeTerminalEntry,
  keyboardEntryType,
  signalEntryType,
  sizeEntryType,
  snapshotEntryType,
  viewerEntryType,
} from "./terminal-entries.ts";

const size = { columns: 80, rows: 24 };
const bytesOf = (form: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(form));

describe("entries of a terminal", () => {
  it("have types that the log takes", () => {
    const types = [
      keyboardEntryType,
      signalEntryType,
      sizeEntryType,
      snapshotEntryType,
      viewerEntryType,
    ];
    for (const type of types) expect(requireMsgType(type)).toBe(type);
  });

  it("come back as they were written", () => {
    const snapshot = { ...size, position: 7, screen: "\u001b[1mé" };
    const viewer = { viewer: "v1", producer: "p1", size };
    expect(decodeSize(encodeTerminalEntry(size))).toEqual(size);
    expect(decodeSnapshot(encodeTerminalEntry(snapshot))).toEqual(snapshot);
    expect(decodeViewer(encodeTerminalEntry(viewer))).toEqual(viewer);
    expect(decodeViewer(encodeTerminalEntry({ viewer: "v1" }))).toEqual({ viewer: "v1" });
    expect(decodeKeyboard(encodeTerminalEntry({ viewer: null }))).toEqual({ viewer: null });
    expect(decodeSignal(encodeTerminalEntry({ signal: "SIGINT" }))).toEqual({ signal: "SIGINT" });
  });

  it.each([
    ["size", decodeSize, { columns: 0, rows: 24 }],
    ["size", decodeSize, { columns: 80.5, rows: 24 }],
    ["size", decodeSize, { columns: 80, rows: 1_001 }],
    ["size", decodeSize, [80, 24]],
    ["size", decodeSize, null],
    ["snapshot", decodeSnapshot, { ...size, position: -1, screen: "" }],
    ["snapshot", decodeSnapshot, { ...size, position: 1 }],
    ["viewer", decodeViewer, { size }],
    ["viewer", decodeViewer, { viewer: "v1", size: { columns: 80 } }],
    ["viewer", decodeViewer, { viewer: "v1", producer: "a b" }],
    ["keyboard", decodeKeyboard, {}],
    ["signal", decodeSignal, { signal: "SIGSTOP" }],
  ])("are nothing where a %s has another form: %#", (_, decode, form) => {
    expect(decode(bytesOf(form))).toBeUndefined();
    expect(decode(new Uint8Array([0xff]))).toBeUndefined();
  });
});
