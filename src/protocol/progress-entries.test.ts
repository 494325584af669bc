import { describe, expect, it } from "vitest";
import {
  decodeMetric,
  decodeProgress,
  decodeQuestion,
  encodeProgressEntry,
} from "./progress-entries.ts";

const payload = (form: unknown) => new TextEncoder().encode(JSON.stringify(form));

describe("entries of progress", () => {
  it("are read as they were written", () => {
    const progress = { label: "epoch 1", done: 3, total: 10, unit: "batches" };
    expect(decodeProgress(encodeProgressEntry(progress))).toEqual(progress);
    expect(decodeProgress(payload({ label: "a", done: 0, more: 1 }))).toEqual({
      label: "a",
      done: 0,
    });
    const metric = { step: 7, values: { loss: 0.25, "tokens/s": 1e6 } };
    expect(decodeMetric(encodeProgressEntry(metric))).toEqual(metric);
    const question = { question: "Go on?", choices: ["yes", "no"] };
    expect(decodeQuestion(encodeProgressEntry(question))).toEqual(question);
    expect(decodeQuestion(encodeProgressEntry({ question: "Why?" }))).toEqual({ question: "Why?" });
  });

  it.each([
    {},
    null,
    { label: "", done: 1 },
    { label: "a", done: -1 },
    { label: "a", done: 1, total: 0 },
    { label: "a".repeat(201), done: 1 },
    { values: {} },
    { values: [1] },
    { values: { loss: "0.1" } },
    { step: "1", values: { loss: 1 } },
    { question: "" },
    { question: "Go on?", choices: [1] },
    { question: "Go on?", choices: Array.from({ length: 21 }, () => "a") },
  ])("of another form are none: %j", (form) => {
    expect(decodeProgress(payload(form))).toBeUndefined();
    expect(decodeMetric(payload(form))).toBeUndefined();
    expect(decodeQuestion(payload(form))).toBeUndefined();
  });

  it("that are no JSON are none", () => {
    const bytes = Uint8Array.from([0xff, 0x7b]);
    expect(decodeProgress(bytes)).toBeUndefined();
    expect(decodeMetric(bytes)).toBeUndefined();
    expect(decodeQuestion(bytes)).toBeUndefined();
  });
});
