import { loadavg } from "node:os";

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

/** The median with the quarters around it. */
export function formatSpread(values, format = formatCount) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => format(quantile(values, share)));
  return `${middle} (${low} – ${high})`;
}

export function printTable(title, header, rows) {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column].length)),
  );
  const line = (row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join("  ");
  console.log(
    `\n${title}; load ${loadavg()[0].toFixed(1)}\n${line(header)}\n${widths.map((width) => "-".repeat(width)).join("  ")}`,
  );
  for (const row of rows) console.log(line(row));
}
