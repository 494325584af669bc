const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Two units at most, such as `42 s`, `3 m 05 s`, `2 h 10 m`, `5 d 3 h`. */
export function formatDuration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < minute) return `${Math.floor(left / second)} s`;
  if (left < hour) return inTwo(left, [minute, "m"], [second, "s"]);
  if (left < day) return inTwo(left, [hour, "h"], [minute, "m"]);
  return inTwo(left, [day, "d"], [hour, "h"]);
}

type Unit = readonly [ms: number, name: string];

function inTwo(ms: number, [largeMs, large]: Unit, [smallMs, small]: Unit): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)} ${large} ${String(rest).padStart(2, "0")} ${small}`;
}

const prefixes = ["", "k", "M", "G", "T"];

/** Three figures at most, in steps of 1000: `0`, `0.4`, `12`, `1.5 k`, `340 M`. */
export function formatCount(value: number): string {
  if (value < 0.05) return "0";
  let scaled = value;
  let step = 0;
  // What rounds up to four figures is told by the next prefix.
  while (scaled >= 999.5 && step < prefixes.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const figures = scaled < 9.95 ? scaled.toFixed(1).replace(/\.0$/, "") : scaled.toFixed(0);
  return step === 0 ? figures : `${figures} ${prefixes[step]}`;
}

export function formatBytes(bytes: number): string {
  const count = formatCount(bytes);
  return count.includes(" ") ? `${count}B` : `${count} B`;
}
