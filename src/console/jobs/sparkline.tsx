import { rateSpanMs } from "./rate-watch.ts";
import type { Rate } from "./rate.ts";

const width = 72;
const height = 20;

interface SparklineProps {
  readonly rates: readonly Rate[];
  readonly of: "entries" | "bytes";
}

/** The last minute, against its own maximum. The number beside it is what a screen reader reads. */
export function Sparkline({ rates, of }: SparklineProps) {
  const newest = rates.at(-1);
  // Many rows are drawn at once, of which most have none yet: an image for each would be most of what that costs.
  if (rates.length < 2) return <span class="jobs-sparkline jobs-sparkline-empty" />;
  const points = newest === undefined ? [] : rates.map((rate) => pointOf(rate, newest.atMs));
  const max = Math.max(...rates.map((rate) => rate[of]), Number.MIN_VALUE);
  const y = (rate: Rate): number => height - 1 - (rate[of] / max) * (height - 3);
  const line = points.map(({ x, rate }) => `${x.toFixed(1)} ${y(rate).toFixed(1)}`);
  const [first] = points;
  return (
    <svg class="jobs-sparkline" width={width} height={height} aria-hidden="true">
      <path class="jobs-sparkline-base" d={`M0 ${height - 0.5}H${width}`} />
      {first !== undefined && (
        <>
          <path
            class="jobs-sparkline-area"
            d={`M${first.x.toFixed(1)} ${height}L${line.join("L")}V${height}Z`}
          />
          <path class="jobs-sparkline-line" d={`M${line.join("L")}`} />
        </>
      )}
    </svg>
  );
}

function pointOf(rate: Rate, newestMs: number): { readonly x: number; readonly rate: Rate } {
  return { x: width * (1 - (newestMs - rate.atMs) / rateSpanMs), rate };
}
