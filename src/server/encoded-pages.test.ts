import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame } from "../protocol/frame.ts";
import type { FrameForm } from "../protocol/frame.ts";
import { decodeEntryFields } from "../protocol/json-form.ts";
import { createSampleEntry } from "../testing/store-samples.ts";
import { EncodedPages, type EncodedPage } from "./encoded-pages.ts";

const entries = Array.from({ length: 6 }, (_, index) =>
  createSampleEntry(
    index + 1,
    Uint8Array.from({ length: index * 10 }, () => index),
  ),
);

describe.each<FrameForm>(["json", "binary"])("encoded pages in the %s form", (form) => {
  it("are the same for all who read the same page", () => {
    const pages = new EncodedPages(form);

    expect(pages.encode([...entries])).toBe(pages.encode([...entries]));
  });

  it("hold the same entries, whatever the borders of the pages that they are in", () => {
    const pages = new EncodedPages(form);
    const parts = [entries.slice(0, 2), entries.slice(2, 5), entries.slice(5)];

    const encoded = parts.map((part) => pages.encode(part));

    expect(encoded.flatMap((page) => decode(form, page))).toEqual(entries);
    const credit = encoded.reduce((sum, page) => sum + page.credit, 0);
    expect(credit).toBe(pages.encode(entries).credit);
  });
});

function decode(form: FrameForm, { text, payloads }: EncodedPage): readonly unknown[] {
  const message = { text: `{"kind":"entries","entries":[${text}]}`, payloads };
  return decodeFrame(encodeFrame(form, [message]), decodeEntryFields)[0]?.[
    "entries"
  ] as readonly unknown[];
}
