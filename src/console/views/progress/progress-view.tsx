import { useEffect, useMemo, useState } from "preact/hooks";
import { formatDuration } from "../../app/format.ts";
import { saveAs } from "../save-as.ts";
import { useFeed } from "../use-feed.ts";
import type { ViewProps } from "../view-props.ts";
import type { Plot } from "./plot.tsx";
import { csvOf, ProgressModel, timeLeft, type Work } from "./progress-model.ts";
import "./progress.css";

/** Entries from which it begins: the history of a plot. */
const pageEntries = 10_000;

/** How far a job is, as bars, and its numbers, as plots. */
export function ProgressView(props: ViewProps) {
  const model = useMemo(() => new ProgressModel(), [props.process, props.channel]);
  useFeed(props, {
    ...{ pageEntries, entriesMax: pageEntries },
    onItem: (item) => {
      if (item.kind === "entry") model.take(item.entry);
    },
  });
  const { work, series } = model;
  const LoadedPlot = usePlot(series.length > 0);
  const name = `${props.process.id}.${props.channel}`;
  return (
    <div class="progress" role="region" aria-label={`Progress of ${props.channel}`} tabIndex={0}>
      {work.length === 0 && series.length === 0 && (
        <p class="quiet progress-empty">Nothing was told of yet.</p>
      )}
      {work.length > 0 && (
        <div class="bars">
          {work.map((piece) => (
            <Bar key={piece.label} work={piece} />
          ))}
        </div>
      )}
      {series.length > 0 && (
        <div class="plots-tools">
          <button
            class="view-button"
            type="button"
            onClick={() => saveAs(new Blob([csvOf(series)], { type: "text/csv" }), `${name}.csv`)}
          >
            Save CSV
          </button>
        </div>
      )}
      <div class="plots">
        {LoadedPlot !== undefined &&
          series.map((one) => (
            <LoadedPlot
              key={`${one.axis} ${one.name}`}
              series={one}
              version={model.version}
              file={name}
            />
          ))}
      </div>
    </div>
  );
}

function Bar({ work }: { readonly work: Work }) {
  const { label, done, total, unit = "" } = work;
  const part = total === undefined ? undefined : Math.min(1, done / total);
  const left = timeLeft(work);
  const count = total === undefined ? format(done) : `${format(done)} of ${format(total)}`;
  const isDone = part === 1;
  return (
    <div class="bar">
      <div class="bar-words">
        <span class="bar-label">{label}</span>
        <span class="quiet">
          {count} {unit}
          {left !== undefined && ` · ${formatDuration(left)} left`}
        </span>
        {part !== undefined && <span class="bar-part">{Math.floor(part * 100)} %</span>}
      </div>
      <div
        class="bar-ground"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total === undefined ? undefined : 100}
        aria-valuenow={part === undefined ? undefined : Math.floor(part * 100)}
      >
        <div
          class={`bar-done${isDone ? " bar-whole" : ""}${part === undefined ? " bar-unknown" : ""}`}
          style={{ width: part === undefined ? "100%" : `${part * 100}%` }}
        />
      </div>
    </div>
  );
}

function format(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

/** Once there is something to plot: what draws it is as large as all the rest. */
function usePlot(isNeeded: boolean): typeof Plot | undefined {
  const [loaded, setLoaded] = useState<{ readonly plot: typeof Plot }>();
  useEffect(() => {
    if (isNeeded) void import("./plot.tsx").then(({ Plot: plot }) => setLoaded({ plot }));
  }, [isNeeded]);
  return loaded?.plot;
}
