import {
  decodeMetric,
  decodeProgress,
  metricEntryType,
  progressEntryType,
  type Progress,
} from "../../../client/entry-forms.ts";
import type { ChannelEntry } from "../../../client/index.ts";

const labelsMax = 200;
const seriesMax = 64;
/** Points of a series; of more, every other one goes. */
const defaultPointsMax = 20_000;

/** A piece of work, and when it was first told of. */
export interface Work extends Progress {
  readonly time: number;
  readonly begin: { readonly time: number; readonly done: number };
}

/** A number over steps or over time. */
export interface Series {
  readonly name: string;
  /** Of its points, in rising order. */
  readonly x: number[];
  readonly y: number[];
  readonly times: number[];
  /** `time`: seconds since 1970. */
  readonly axis: "step" | "time";
}

/** What a job has told of how far it is, and of its numbers. */
export class ProgressModel {
  readonly #work = new Map<string, Work>();
  readonly #series = new Map<string, Series>();
  readonly #pointsMax: number;
  #version = 0;

  constructor(pointsMax = defaultPointsMax) {
    this.#pointsMax = pointsMax;
  }

  /** Another number where something was told. */
  get version(): number {
    return this.#version;
  }

  /** In the order in which they began. */
  get work(): readonly Work[] {
    return [...this.#work.values()];
  }

  get series(): readonly Series[] {
    return [...this.#series.values()];
  }

  take({ type, payload, timestamp }: ChannelEntry): void {
    this.#version++;
    if (type === progressEntryType) this.#takeProgress(payload, timestamp);
    if (type === metricEntryType) this.#takeMetric(payload, timestamp);
  }

  #takeProgress(payload: Uint8Array, time: number): void {
    const progress = decodeProgress(payload);
    if (progress === undefined) return;
    const before = this.#work.get(progress.label);
    if (before === undefined && this.#work.size >= labelsMax) return;
    const { done } = progress;
    // Less than before is work that begins again.
    const begin = before === undefined || done < before.done ? { time, done } : before.begin;
    this.#work.set(progress.label, { ...progress, time, begin });
  }

  #takeMetric(payload: Uint8Array, time: number): void {
    const metric = decodeMetric(payload);
    if (metric === undefined) return;
    for (const [name, value] of Object.entries(metric.values)) {
      const axis = metric.step === undefined ? "time" : "step";
      let series = this.#series.get(name);
      if (series?.axis !== axis) {
        if (series === undefined && this.#series.size >= seriesMax) continue;
        series = { name, x: [], y: [], times: [], axis };
        this.#series.set(name, series);
      }
      addPoint(series, metric.step ?? time / 1000, value, time, this.#pointsMax);
    }
  }
}

/** A job that begins again at a lower step takes the place of what it had told from there on. */
function addPoint(series: Series, x: number, y: number, time: number, pointsMax: number): void {
  const columns = [series.x, series.y, series.times];
  while (series.x.length > 0 && (series.x.at(-1) ?? 0) >= x)
    for (const column of columns) column.pop();
  series.x.push(x);
  series.y.push(y);
  series.times.push(time);
  if (series.x.length <= pointsMax) return;
  for (const column of columns) {
    const kept = column.filter((_, index) => index % 2 === 0);
    column.length = 0;
    column.push(...kept);
  }
}

/** Milliseconds that are left at the pace so far; undefined where nobody can tell. */
export function timeLeft({ done, total, time, begin }: Work): number | undefined {
  if (total === undefined || done >= total || done <= begin.done || time <= begin.time)
    return undefined;
  return ((total - done) * (time - begin.time)) / (done - begin.done);
}

/** All points of all series as comma-separated values (RFC 4180). */
export function csvOf(series: readonly Series[]): string {
  const rows = series.flatMap(({ name, x, y, times, axis }) =>
    x.map((step, index) =>
      [
        `"${name.replaceAll('"', '""')}"`,
        axis === "step" ? String(step) : "",
        new Date(times[index] ?? 0).toISOString(),
        String(y[index]),
      ].join(","),
    ),
  );
  return ["name,step,time,value", ...rows, ""].join("\r\n");
}
