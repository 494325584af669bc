import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeFrame, encodeFrame } from "../protocol/frame.ts";
import type { FrameForm } from "../protocol/frame.ts";
import { createSampleEntry } from "../testing/store-samples.ts";
import { EncodedPages, type EncodedPage } from "./encoded-pages.ts";

const entries = Array.from({ length: 6 }, (_, index) =>
  createSampleEntry(
    index + 1,
    Uint8Array.from({ length: index * 10 }, () => index),
  ),
);

afterEach(() => vi.restoreAllMocks());

describe.each<FrameForm>(["json", "binary"])("encoded pages in the %s form", (form) => {
  it("are the same for all who read the same page", () => {
    const pages = new EncodedPages(form);

    expect(pages.encode([...entries])).toBe(pages.encode([...entries]));
  });

  it("encode what stands behind another once, whatever the borders of the pages that it is in", () => {
    const pages = new EncodedPages(form);
    const encoding = vi.spyOn(JSON, "stringify");
    const callsOf = (encode: () => unknown): number => {
      encoding.mockClear();
      encode();
      return encoding.mock.calls.length;
    };
    const parts = [entries.slice(0, 2), entries.slice(2, 5), entries.slice(5)];

    const whole = pages.encode(entries);
    const calls = callsOf(() => parts.map((part) => pages.encode(part)));
    const callsOfFirst = callsOf(() =>
      parts.map(([first]) => new EncodedPages(form).encode(first === undefined ? [] : [first])),
    );

    expect(callsOfFirst).toBeGreaterThan(0);
    expect(calls).toBe(callsOfFirst);
    const encoded = parts.map((part) => pages.encode(part));
    expect(encoded.flatMap((page) => decode(form, page))).toEqual(decode(form, whole));
    expect(encoded.reduce((sum, { credit }) => sum + credit, 0)).toBe(whole.credit);
  });
});

function decode(form: FrameForm, { text, payloads }: EncodedPage): readonly unknown[] {
  const message = { text: `{"kind":"entries","entries":[${text}]}`, payloads };
  return decodeFrame(form, encodeFrame(form, [message]))[0]?.["entries"] as readonly unknown[];
}
