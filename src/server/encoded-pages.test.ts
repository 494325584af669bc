import { afterEach, describe, expect, it, vi } from "vitest";
import type { FrameForm } from "../protocol/frame.ts";
import { createSampleEntry } from "../testing/store-samples.ts";
import { EncodedPages } from "./encoded-pages.ts";

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

  it("encode an entry once, whatever the borders of the pages that it is in", () => {
    const pages = new EncodedPages(form);
    const encoding = vi.spyOn(JSON, "stringify");

    const whole = pages.encode(entries);
    expect(encoding).toHaveBeenCalled();
    encoding.mockClear();
    const parts = [entries.slice(0, 2), entries.slice(2, 5), entries.slice(5)].map((part) =>
      pages.encode(part),
    );

    expect(encoding).not.toHaveBeenCalled();
    expect(parts.map(({ text }) => text).join(",")).toBe(whole.text);
    const bytesOf = (page: typeof whole): Buffer => Buffer.concat(page.payloads);
    expect(Buffer.concat(parts.map(bytesOf))).toEqual(bytesOf(whole));
    expect(parts.reduce((sum, { credit }) => sum + credit, 0)).toBe(whole.credit);
  });
});
