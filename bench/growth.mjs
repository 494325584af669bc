// What an append, a delivery and a place in memory cost against the number of entries, of channels and of subscribers,
// and the size of a payload, in a broker over the memory store and over the segment log. Nothing that should be flat may
// grow: each curve that should be has a verdict.
import { runMeasured } from "./measured-program.mjs";
import { formatBytes, formatNumber, formatSpread, median, medianRatio } from "./report.mjs";

const stores = { memory: "memory", "segment-log": "segment log" };
/** From the least to the most, over a factor of a hundred or more. */
const growthMax = 1.5;
const curves = {
  log: { what: "entries in the log", each: "entry" },
  channels: { what: "channels", each: "channel with a subscription" },
  subscribers: { what: "subscribers of one channel", each: "subscriber" },
  payload: { what: "bytes of a payload", each: "entry" },
};
/** Of what is to grow with the bytes of a payload, or with those who are told, and no faster. */
const perUnit = (values, x) => values.map((value) => value / x);

export async function benchGrowth({ rounds = 7 } = {}) {
  const measured = {};
  for (const curve of Object.keys(curves))
    for (const store of Object.keys(stores)) {
      measured[curve] ??= {};
      const args = [curve, store, String(rounds)];
      measured[curve][store] = await runMeasured("growth-program.mjs", args);
    }
  return {
    tables: Object.entries(measured).map(([curve, ofStores]) => tabulate(curve, ofStores)),
    charts: Object.entries(measured).map(([curve, ofStores]) => chart(curve, ofStores)),
    figures: measured,
    verdicts: Object.entries(measured).flatMap(([curve, ofStores]) =>
      Object.entries(ofStores).flatMap(([store, points]) => judge(curve, store, points)),
    ),
  };
}

function tabulate(curve, ofStores) {
  const { what, each } = curves[curve];
  const microseconds = (us) => `${us.toFixed(us < 10 ? 2 : 1)} µs`;
  return {
    title: `Against the ${what}: microseconds of the processor, median (quartiles), and memory of each ${each}`,
    header: [what, "store", "an append", "a delivery", "memory"],
    rows: Object.entries(ofStores).flatMap(([store, points]) =>
      points.map(({ x, appendUs, deliverUs, bytesEach }) => [
        x.toLocaleString("en"),
        stores[store],
        formatSpread(appendUs, microseconds),
        formatSpread(deliverUs, microseconds),
        formatBytes(bytesEach),
      ]),
    ),
  };
}

function chart(curve, ofStores) {
  const lines = Object.entries(ofStores).flatMap(([store, points]) => [
    {
      name: `append, ${stores[store]}`,
      points: points.map(({ x, appendUs }) => [x, median(appendUs)]),
    },
    {
      name: `delivery, ${stores[store]}`,
      points: points.map(({ x, deliverUs }) => [x, median(deliverUs)]),
    },
  ]);
  return {
    name: `growth-${curve}`,
    title: `Cost against the ${curves[curve].what}`,
    kind: "lines",
    xLabel: curves[curve].what,
    yLabel: "µs of the processor",
    isLogarithmic: true,
    lines,
  };
}

/** How the last point stands to the first, and to the one before it: what begins to grow late is seen, too. */
function growthOf(points, valuesOf) {
  const [first, ...others] = points.map(valuesOf);
  const [before, last] = [first, ...others].slice(-2);
  return Math.max(medianRatio(last, first), medianRatio(last, before));
}

function judge(curve, store, points) {
  // An append tells all who read the channel that there is something: it may grow with them, and no faster.
  const append =
    curve === "subscribers"
      ? { "an append, for each subscriber": ({ appendUs, x }) => perUnit(appendUs, x) }
      : { "an append": ({ appendUs }) => appendUs };
  const of = {
    ...append,
    "a delivery": ({ deliverUs }) => deliverUs,
    [`memory of each ${curves[curve].each}`]: ({ bytesEach }) => [bytesEach],
  };
  if (curve === "payload") {
    const large = points.filter(({ x }) => x >= 1024);
    return [
      judgeGrowth("an append, for each byte from 1 KiB on", large, ({ appendUs, x }) =>
        perUnit(appendUs, x),
      ),
      judgeGrowth("a delivery, for each byte from 1 KiB on", large, ({ deliverUs, x }) =>
        perUnit(deliverUs, x),
      ),
      judgeGrowth("memory for each byte from 1 KiB on", large, ({ bytesEach, x }) => [
        bytesEach / x,
      ]),
    ];
  }
  return Object.entries(of).map(([name, valuesOf]) => judgeGrowth(name, points, valuesOf));

  function judgeGrowth(name, judged, valuesOf) {
    const growth = growthOf(judged, valuesOf);
    const [least, most] = [judged[0].x, judged.at(-1).x].map(formatNumber);
    const target = `${stores[store]}, ${name}: ${growth.toFixed(2)} × from ${least} to ${most} ${curves[curve].what}, at most ${growthMax}`;
    return { target, met: growth <= growthMax };
  }
}
