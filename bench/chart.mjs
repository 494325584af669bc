// Charts as SVG files: bars that are named one by one, and lines over an axis that may be logarithmic. They are read on
// light and on dark pages, by the preference of whoever looks.

import { formatNumber } from "./report.mjs";

const width = 720;
const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 15px; }
  .faint { fill: #57606a; font-size: 12px; }
  .grid { stroke: #d0d7de; }
  .c0 { fill: #0969da; stroke: #0969da; } .c1 { fill: #bc4c00; stroke: #bc4c00; }
  .c2 { fill: #1a7f37; stroke: #1a7f37; } .c3 { fill: #8250df; stroke: #8250df; }
  .line { fill: none; stroke-width: 2; } .bar { stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .c0 { fill: #4493f8; stroke: #4493f8; } .c1 { fill: #f0883e; stroke: #f0883e; }
    .c2 { fill: #3fb950; stroke: #3fb950; } .c3 { fill: #ab7df8; stroke: #ab7df8; }
    .line { fill: none; }
  }
</style>`;

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x, y, content, { kind = "", anchor = "start" } = {}) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${kind}" text-anchor="${anchor}">${escape(content)}</text>`;
}

function frame(height, title, parts) {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title).replaceAll('"', "&quot;")}">`;
  return [head, style, text(12, 24, title, { kind: "title" }), ...parts, "</svg>", ""].join("\n");
}

function legend(series, y) {
  if (series.length < 2) return [];
  let x = 12;
  return series.flatMap((name, index) => {
    const at = x;
    x += 34 + name.length * 7.5;
    const box = `<rect x="${at.toFixed(1)}" y="${y - 10}" width="12" height="12" class="bar c${index}"/>`;
    return [box, text(at + 18, y, name)];
  });
}

/** `bars` are `{ name, values }` with a value for each of the series; one that is not there is left out. */
function drawBars({ title, series = [""], bars }) {
  const barHeight = 14;
  const left = 40 + 7 * Math.max(...bars.map(({ name }) => name.length));
  const top = series.length > 1 ? 66 : 44;
  const greatest = Math.max(...bars.flatMap(({ values }) => values).filter(Number.isFinite));
  const scale = (width - left - 80) / greatest;
  const parts = legend(series, 48);
  let y = top;
  for (const { name, values } of bars) {
    parts.push(text(left - 10, y + (values.length * barHeight) / 2 + 4, name, { anchor: "end" }));
    for (const [index, value] of values.entries()) {
      const length = Number.isFinite(value) ? Math.max(1, value * scale) : 0;
      const place = `x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight - 3}"`;
      if (length > 0) {
        parts.push(`<rect ${place} class="bar c${index}"/>`);
        const kind = "faint";
        parts.push(text(left + length + 6, y + barHeight - 4, formatNumber(value), { kind }));
      }
      y += barHeight;
    }
    y += 8;
  }
  return frame(y + 4, title, parts);
}

/** Round steps from 0 up to the greatest value. */
function ticksUpTo(greatest) {
  const rough = greatest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(greatest / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** `lines` are `{ name, points: [x, y][] }`; y begins at 0, x at its least or, logarithmic, with what is above 0. */
function drawLines({ title, xLabel, yLabel, isLogarithmic = false, lines }) {
  const [left, right, top, bottom] = [64, width - 24, lines.length > 1 ? 76 : 60, 300];
  const points = lines.flatMap((line) => line.points);
  const place = (x) => (isLogarithmic ? Math.log10(Math.max(1, x)) : x);
  const [least, most] = [Math.min, Math.max].map((pick) => pick(...points.map(([x]) => place(x))));
  const greatest = Math.max(...points.map(([, y]) => y), Number.MIN_VALUE) * 1.05;
  const xOf = (x) => left + ((place(x) - least) / (most - least || 1)) * (right - left);
  const yOf = (y) => bottom - (y / greatest) * (bottom - top);
  const parts = legend(
    lines.map(({ name }) => name),
    48,
  );
  parts.push(text(12, top - 12, yLabel, { kind: "faint" }));
  for (const tick of ticksUpTo(greatest)) {
    const y = yOf(tick).toFixed(1);
    parts.push(`<line x1="${left}" x2="${right}" y1="${y}" y2="${y}" class="grid"/>`);
    parts.push(text(left - 8, yOf(tick) + 4, formatNumber(tick), { kind: "faint", anchor: "end" }));
  }
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const shown = isLogarithmic ? xs : ticksUpTo(most).filter((x) => x >= least);
  for (const x of shown)
    parts.push(text(xOf(x), bottom + 18, formatNumber(x), { kind: "faint", anchor: "middle" }));
  parts.push(text(right, bottom + 36, xLabel, { kind: "faint", anchor: "end" }));
  for (const [index, line] of lines.entries()) {
    const path = line.points.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" class="line c${index}"/>`);
    // So many that they would run into one another are a line already.
    if (line.points.length <= 12)
      for (const [x, y] of line.points)
        parts.push(
          `<circle cx="${xOf(x).toFixed(1)}" cy="${yOf(y).toFixed(1)}" r="3" class="c${index}"/>`,
        );
  }
  return frame(bottom + 46, title, parts);
}

export function drawChart(chart) {
  return chart.kind === "bars" ? drawBars(chart) : drawLines(chart);
}
