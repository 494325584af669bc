import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { saveAs } from "../save-as.ts";
import type { Series } from "./progress-model.ts";

export interface PlotProps {
  readonly series: Series;
  /** Another one where there are other points in it. */
  readonly version: number;
  /** Name that what is saved begins with. */
  readonly file: string;
}

const height = 180;

/** A line through the points of a series. */
export function Plot({ series, version, file }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const last = series.y.at(-1);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const create = (): void => {
      plot.current?.destroy();
      plot.current = new UPlot(optionsOf(series, element), dataOf(series), element);
    };
    create();
    const resizing = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height }),
    );
    resizing.observe(element);
    // Its colours are drawn: another theme is another drawing.
    const themes = new MutationObserver(create);
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resizing.disconnect();
      themes.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(series)), [series, version]);
  return (
    <figure class="plot">
      <figcaption class="plot-words">
        <span class="plot-name">{series.name}</span>
        <span class="plot-last">{last?.toLocaleString("en", { maximumSignificantDigits: 5 })}</span>
        <button
          class="view-button"
          type="button"
          aria-label={`Save PNG of ${series.name}`}
          onClick={() => void savePlot(plot.current, `${file}.${series.name}.png`)}
        >
          Save PNG
        </button>
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`Plot of ${series.name}, at last ${last ?? "nothing"}`}
      />
    </figure>
  );
}

function dataOf({ x, y }: Series): UPlot.AlignedData {
  return [x, y];
}

function optionsOf({ name, axis }: Series, element: HTMLElement): UPlot.Options {
  const style = getComputedStyle(element);
  const color = (property: string): string => style.getPropertyValue(property).trim();
  const axes = {
    stroke: color("--text-quiet"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false } },
    scales: { x: { time: axis === "time" } },
    axes: [
      { ...axes, size: 32 },
      { ...axes, size: (_plot, labels) => widthOf(labels ?? []) },
    ],
    series: [{}, { label: name, stroke: color("--accent"), width: 1.5, points: { show: false } }],
  };
}

/** Of an axis with these labels beside it, in pixels. */
function widthOf(labels: readonly (string | number | null)[]): number {
  const longest = Math.max(...labels.map((label) => String(label ?? "").length), 0);
  return Math.max(56, 24 + 7 * longest);
}

/** With the ground of the page behind it: its colours are made for that. */
async function savePlot(plot: UPlot | undefined, name: string): Promise<void> {
  if (plot === undefined) return;
  const { canvas } = plot.ctx;
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  if (context === null) return;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => copy.toBlob(resolve, "image/png"));
  if (blob !== null) saveAs(blob, name);
}
