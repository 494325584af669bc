import { expect, it } from "vitest";
import type { ChannelEntry } from "../../../client/index.ts";
import { csvOf, ProgressModel, timeLeft } from "./progress-model.ts";

function entry(kind: "progress" | "metric", form: unknown, timestamp: number): ChannelEntry {
  const payload = new TextEncoder().encode(JSON.stringify(form));
  const type: ChannelEntry["type"] = `jobwire.${kind}`;
  return { type, payload, timestamp } as Partial<ChannelEntry> as ChannelEntry;
}

it("keeps the newest of each piece of work, and tells what is left at its pace", () => {
  const model = new ProgressModel();
  model.take(entry("progress", { label: "epoch", done: 0, total: 10 }, 1_000));
  model.take(entry("progress", { label: "files", done: 7, unit: "files" }, 1_500));
  model.take(entry("progress", { label: "epoch", done: 4, total: 10 }, 5_000));
  model.take(entry("progress", { label: "", done: 4 }, 5_000));
  expect(model.work).toMatchObject([
    { label: "epoch", done: 4, total: 10 },
    { label: "files", done: 7, unit: "files" },
  ]);
  expect(model.work.map(timeLeft)).toEqual([6_000, undefined]);

  model.take(entry("progress", { label: "epoch", done: 1, total: 10 }, 9_000));
  expect(model.work.map(timeLeft)).toEqual([undefined, undefined]);
});

it("makes series of numbers, over steps or over time", () => {
  const model = new ProgressModel();
  model.take(entry("metric", { step: 1, values: { loss: 2, "a,b": 1 } }, 1_000));
  model.take(entry("metric", { step: 2, values: { loss: 1 } }, 2_000));
  model.take(entry("metric", { values: { rate: 7 } }, 3_000));
  expect(model.series).toMatchObject([
    { name: "loss", x: [1, 2], y: [2, 1], axis: "step" },
    { name: "a,b", x: [1], y: [1], axis: "step" },
    { name: "rate", x: [3], y: [7], axis: "time" },
  ]);
  expect(csvOf(model.series)).toBe(
    [
      "name,step,time,value",
      '"loss",1,1970-01-01T00:00:01.000Z,2',
      '"loss",2,1970-01-01T00:00:02.000Z,1',
      '"a,b",1,1970-01-01T00:00:01.000Z,1',
      '"rate",,1970-01-01T00:00:03.000Z,7',
      "",
    ].join("\r\n"),
  );
});

it("begins a series again where its steps do", () => {
  const model = new ProgressModel();
  for (const step of [1, 2, 3, 2]) model.take(entry("metric", { step, values: { a: step } }, step));
  expect(model.series[0]?.x).toEqual([1, 2]);
});

it("bounds the points of a series", () => {
  const model = new ProgressModel(100);
  for (let step = 1; step <= 1_000; step++)
    model.take(entry("metric", { step, values: { a: step } }, step));
  const [series] = model.series;
  expect(series?.x.length).toBeLessThanOrEqual(100);
  expect(series?.x.at(0)).toBe(1);
  expect(series?.x.at(-1)).toBe(1_000);
});
