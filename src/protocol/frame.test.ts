import { describe, expect, it } from "vitest";
import { isChannelError } from "../core/errors.ts";
import {
  decodeFrame,
  encodeEntries,
  encodeEntriesMessage,
  encodeFrame,
  requireMessages,
  type DecodedMessage,
  type ToldEntry,
} from "./frame.ts";
import type { FrameForm } from "./frame.ts";

import { parseJson } from "./json-integers.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe.each<FrameForm>(["json", "binary"])("a frame of the %s form", (form) => {
  it("carries messages with their payloads in order", () => {
    const payloads = [bytes(0, 255, 10), bytes(), bytes(...new TextEncoder().encode("grüße"))];
    const sent = payloads.map((payload, index) => ({
      payload,
      fields: `{"sequence":${index + 1}}`,
    }));
    const entries = encodeEntries(form, sent, ({ fields }) => fields);
    const append = encodeEntriesMessage({ kind: "append" }, entries);
    const ping = { text: '{"kind":"ping"}', payloads: [] };

    const messages = decodeFrame(encodeFrame(form, [append, ping, append]), decodeEntry);

    const decoded = {
      kind: "append",
      entries: payloads.map((payload, index) => ({ sequence: index + 1, payload })),
    };
    expect(messages.map((message) => toPlain(message))).toEqual(
      [decoded, { kind: "ping" }, decoded].map((message) => toPlain(message)),
    );
  });

  it.each([
    "",
    "{}",
    "[1]",
    "[{}]",
    '[{"kind":1}]',
    '[{"kind":"x","entries":[null]}]',
    "[[]]",
    "[",
  ])("is refused with %j in it", (text) => {
    const frame = form === "json" ? text : frameOf(text);
    expect(() => decodeStrictly(form, frame)).toThrow(
      expect.toSatisfy((e) => isChannelError(e, "invalid_argument")),
    );
  });
});

describe("a binary frame", () => {
  const refused = expect.toSatisfy((error) => isChannelError(error, "invalid_argument"));

  it.each([
    ["that is cut in its length", bytes(1, 0, 0)],
    ["that is cut in its header", bytes(9, 0, 0, 0, 91, 93)],
    ["with a header that is not UTF-8", bytes(3, 0, 0, 0, 91, 255, 93)],
    ["with bytes behind its payloads", frameOf("[]", bytes(7))],
    ["with a negative length", frameOf('[{"kind":"x","entries":[{"bytes":-1}]}]')],
    ["with a text where a length is expected", frameOf('[{"kind":"x","entries":["AA=="]}]')],
    ["with a payload in its header", frameOf('[{"kind":"x","entries":[{"payload":""}]}]')],
  ])("%s is refused", (_what, frame) => {
    expect(() => decodeStrictly("binary", frame)).toThrow(refused);
  });
});

/** What is told of it, with its payload. */
function decodeEntry({ sequence }: ToldEntry, _before: unknown, payload: Uint8Array): object {
  return { sequence, payload };
}

/** As of somebody who is not believed. */
function decodeStrictly(form: FrameForm, frame: string | Uint8Array): readonly DecodedMessage[] {
  const parse = (text: string) => requireMessages(form, parseJson(text));
  return decodeFrame(frame, decodeEntry, parse);
}

function frameOf(header: string, payloads = bytes()): Uint8Array {
  const text = new TextEncoder().encode(header);
  const frame = new Uint8Array(4 + text.byteLength + payloads.byteLength);
  new DataView(frame.buffer).setUint32(0, text.byteLength, true);
  frame.set(text, 4);
  frame.set(payloads, 4 + text.byteLength);
  return frame;
}

/** Bytes of whatever kind as numbers, so that they are compared by what they hold. */
function toPlain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => (part instanceof Uint8Array ? [...part] : part)),
  );
}
