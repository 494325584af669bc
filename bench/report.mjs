// What the parts of the suite tell: `{ tables, charts, figures, verdicts }`. Tables and charts are for people, `figures`
// hold every round as numbers, a verdict is a target and whether it was met.

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values) {
  return quantile(values, 0.5);
}

/** Median of the ratios of each round: what disturbs a round disturbs both sides of it. */
export function medianRatio(above, below) {
  return median(above.map((value, round) => value / below[round]));
}

export function formatCount(perSecond) {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`;
  return perSecond >= 1e3 ? `${(perSecond / 1e3).toFixed(1)} k` : perSecond.toFixed(0);
}

export function formatMilliseconds(ms) {
  return `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(2)} ms`;
}

export function formatBytes(bytes) {
  const MiB = 1024 * 1024;
  if (Math.abs(bytes) >= MiB) return `${(bytes / MiB).toFixed(bytes >= 10 * MiB ? 0 : 1)} MiB`;
  return Math.abs(bytes) >= 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${bytes.toFixed(0)} B`;
}

/** 1.2 k, 3.4 M: no more digits than a chart can show. */
export function formatNumber(value) {
  for (const [size, unit] of [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ])
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`;
  return String(Number(value.toPrecision(3)));
}

/** The median with the quarters around it. */
export function formatSpread(values, format = formatCount) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => format(quantile(values, share)));
  return `${middle} (${low} – ${high})`;
}

export function mapValues(object, map) {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, map(value, name)]),
  );
}

/** A table as lines of text. */
export function formatTable({ title, header, rows }) {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column].length)),
  );
  const line = (row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join("  ");
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return ["", title, line(header), rule, ...rows.map(line)].join("\n");
}
