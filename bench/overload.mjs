// Twice the load that a server can carry. What it can carry is measured first, with bounded windows on a few connections;
// then twice as much is offered at a fixed rate, whatever becomes of it. Somebody else sends a message now and then and
// tells how long it is under way: before, meanwhile and after. The same for the limit of the rate, by batches over HTTP.
import { defaultBrokerLimits } from "../dist/core/limits.js";
import { defaultServerLimits } from "../dist/server/server-limits.js";
import { formatBytes, formatCount, formatMilliseconds, median } from "./report.mjs";
import { batchEntries, entryBytes, exceedRate, limitPerSecond, overload } from "./overload-run.mjs";

const MiB = 1024 * 1024;
/** After the load has gone. */
const recoveryMs = 1_000;
/** As our client has it under way at the most; and more than the server holds of a connection, and of all of them. */
const bounded = { connections: 4, windowBytes: 4 * MiB, isPatient: true };
const greedy = { connections: 8, windowBytes: 32 * MiB, isPatient: false };
const cases = {
  memory: { name: "jobwire, memory", store: "memory", ...bounded },
  "segment-log": { name: "jobwire, segment log", store: "segment-log", ...bounded },
  greedy: { name: "jobwire, segment log, large windows", store: "segment-log", ...greedy },
};

export async function benchOverload({ seconds = 60, only = Object.keys(cases) } = {}) {
  const found = {};
  for (const name of only) {
    // Windows that large say nothing of what the server can carry.
    const maximum = name === "greedy" ? found["segment-log"]?.maximum : undefined;
    found[name] = await overload({ ...cases[name], seconds, maximum });
  }
  const limited = await exceedRate(seconds);
  return {
    tables: [tabulate(found, seconds), tabulateLimited(limited)],
    charts: Object.entries(found).flatMap(([name, run]) => chart(name, run)),
    figures: { found, limited },
    verdicts: [
      ...Object.entries(found).flatMap(([name, run]) => judge(cases[name], run)),
      ...judgeLimited(limited),
    ],
  };
}

/** What was to be sent between two moments took so long, at the middle. */
function delayBetween({ delays }, fromMs, untilMs) {
  return median(delays.filter(([at]) => at >= fromMs && at < untilMs).map(([, ms]) => ms));
}

function phasesOf({ startMs, endMs, probed }) {
  return {
    before: delayBetween(probed, 0, startMs),
    meanwhile: delayBetween(probed, startMs, endMs),
    after: delayBetween(probed, endMs + recoveryMs, Infinity),
  };
}

/** Per second, in the second half: what was under way at first is answered later, and its answers are no rate. */
function takenPerSecond({ seconds }) {
  const known = seconds.map((count, second) => [second, count ?? 0]);
  const [middle, last] = [known[Math.floor(known.length / 2)], known.at(-1)];
  return (last[1] - middle[1]) / Math.max(1, last[0] - middle[0]);
}

/** What a server may hold with so many connections by its limits; as much again may wait to be collected. */
function allowedBytes(connections) {
  const { windowBytesMax, pageBytesMax, stagedBytesMax } = defaultBrokerLimits;
  const { unsettledBytesPerSocket } = defaultServerLimits;
  return (
    2 * (windowBytesMax + pageBytesMax + stagedBytesMax + connections * unsettledBytesPerSocket)
  );
}

/** At the most, in each half of the time of overload. */
function residentOf({ samples, startMs, endMs }) {
  const middleMs = (startMs + endMs) / 2;
  const most = (fromMs, untilMs) =>
    Math.max(...samples.filter(([at]) => at >= fromMs && at < untilMs).map(([, rss]) => rss));
  return { first: most(startMs, middleMs), second: most(middleMs, endMs) };
}

function refusalsOf(refused) {
  const told = Object.entries(refused).map(([code, count]) => `${code} ${formatCount(count)}`);
  return told.length === 0 ? "none" : told.join(", ");
}

function tabulate(found, seconds) {
  const windows = [bounded, greedy].map(
    ({ connections, windowBytes }) => `${connections} × ${formatBytes(windowBytes)}`,
  );
  return {
    title: `Entries of ${entryBytes} B per second, twice the maximum offered for ${seconds} s, with up to ${windows[0]} under way, or ${windows[1]}; somebody else's message, p50; resident memory of the server at the most`,
    header: [
      ...["", "maximum", "offered", "taken", "not sent: window full", "refused"],
      ...["delay before", "meanwhile", "after", "memory, first half", "second half"],
    ],
    rows: Object.entries(found).map(([store, run]) => {
      const perSecond = (count) => formatCount((count * 1e3) / (run.endMs - run.startMs));
      const { before, meanwhile, after } = phasesOf(run);
      const { first, second } = residentOf(run);
      return [
        cases[store].name,
        formatCount(run.maximum),
        ...[run.offered, run.accepted, run.untaken].map(perSecond),
        refusalsOf(run.refused),
        ...[before, meanwhile, after].map(formatMilliseconds),
        ...[first, second].map(formatBytes),
      ];
    }),
  };
}

function chart(store, { samples, probed, startMs, endMs }) {
  const [[firstAt]] = probed.delays;
  const { name } = cases[store];
  const memory = samples.map(([at, rss]) => [(at - firstAt) / 1e3, rss / MiB]);
  // By the second: one point for each message would be a line of noise.
  const bySecond = new Map();
  for (const [at, ms] of probed.delays) {
    const second = Math.floor((at - firstAt) / 1e3);
    bySecond.set(second, [...(bySecond.get(second) ?? []), ms]);
  }
  const delays = [...bySecond].map(([second, all]) => [second, median(all)]);
  const [from, until] = [startMs, endMs].map((ms) => ((ms - firstAt) / 1e3).toFixed(0));
  const when = `${name}: overload from second ${from} to ${until}`;
  const shared = { kind: "lines", xLabel: "s" };
  return [
    {
      ...{ name: `overload-memory-${store}`, title: `Resident memory, ${when}`, ...shared },
      ...{ yLabel: "MiB", lines: [{ name, points: memory }] },
    },
    {
      ...{ name: `overload-delay-${store}`, title: `Somebody else's message, ${when}`, ...shared },
      ...{ yLabel: "ms, p50 of each second", lines: [{ name, points: delays }] },
    },
  ];
}

const refusals = ["overloaded", "behind one", "rate_limit_exceeded"];

function judge({ name, isPatient, connections }, run) {
  const seconds = (run.endMs - run.startMs) / 1e3;
  const share = takenPerSecond(run) / run.maximum;
  const offeredShare = run.offered / seconds / run.maximum;
  const { before, after } = phasesOf(run);
  const { first, second } = residentOf(run);
  const unclean = Object.keys(run.refused).filter((code) => !refusals.includes(code));
  const limitMs = 2 * before + 5;
  const allowed = allowedBytes(connections);
  return [
    {
      target: `${name}, overloaded ${offeredShare.toFixed(2)} ×: takes ${share.toFixed(2)} of its maximum, at least 0.8`,
      met: share >= 0.8,
    },
    {
      target: `${name}, overloaded: memory ${formatBytes(Math.max(first, second))}, at most ${formatBytes(allowed)}, twice of what its limits let it hold`,
      met: Math.max(first, second) <= allowed,
    },
    // In a few seconds the budgets are not filled.
    ...(seconds < 60 ? [] : [judgeGrowth(name, first, second)]),
    {
      target: `${name}, overloaded: refusals are overloaded and nothing else${unclean.map((code) => `, but ${code}`).join("")}`,
      met: unclean.length === 0,
    },
    ...(isPatient ? [judgeBacklog(name, run)] : []),
    {
      target: `${name}: a second after the load has gone a message takes ${formatMilliseconds(after)}, at most ${formatMilliseconds(limitMs)}, twice of before and 5 ms`,
      met: after <= limitMs,
    },
    judgeExactness(name, isPatient, run),
  ];
}

function judgeGrowth(name, first, second) {
  const target = `${name}, overloaded: memory ${formatBytes(second)} in the second half, at most 1.1 × the first half's ${formatBytes(first)} and 32 MiB`;
  return { target, met: second <= 1.1 * first + 32 * MiB };
}

function judgeBacklog(name, { settledMs, endMs }) {
  const ms = settledMs - endMs;
  const target = `${name}: what was under way is answered ${formatMilliseconds(ms)} after the load has gone, at most 1 s`;
  return { target, met: ms <= recoveryMs };
}

/** Who has gone with his connection does not know what was taken of the last that he sent. */
function judgeExactness(name, isPatient, { total, kept, probed: { missing, repeated } }) {
  const isKept = isPatient ? kept === total : kept >= total;
  const isExact = isKept && missing === 0 && repeated === 0;
  const [acknowledged, inLogs] = [total, kept].map((count) => count.toLocaleString("en"));
  const target = `${name}, overloaded: ${acknowledged} entries acknowledged, ${inLogs} in the logs; of the probe ${missing} missing, ${repeated} repeated`;
  return { target, met: isExact, isExact };
}

function tabulateLimited({ perSecond, rates, after }) {
  const { accepted = 0, "not sent": notSent = 0, ...refused } = rates;
  return {
    title: `Batches of ${batchEntries} over HTTP into one channel at twice the default limit of the rate, once the burst is used up: entries per second, and the first request after it`,
    header: ["offered", "taken", "refused", "not sent: no connection free", "after"],
    rows: [
      [
        formatCount(perSecond),
        formatCount(accepted),
        refusalsOf(refused),
        formatCount(notSent),
        `${after.status} in ${formatMilliseconds(after.ms)}`,
      ],
    ],
  };
}

function judgeLimited({ rates, after }) {
  const { accepted = 0, ...refused } = rates;
  const others = Object.keys(refused).filter(
    (code) => code !== "rate_limit_exceeded" && code !== "not sent",
  );
  const share = accepted / limitPerSecond;
  return [
    {
      target: `twice the limit of the rate: ${share.toFixed(2)} of the limit are taken, between 0.9 and 1.1`,
      met: share >= 0.9 && share <= 1.1,
    },
    {
      target: `twice the limit of the rate: refused as rate_limit_exceeded and nothing else${others.map((code) => `, but ${code}`).join("")}`,
      met: others.length === 0,
    },
    {
      target: `twice the limit of the rate: the next request is answered with ${after.status} within a second`,
      met: after.status === 201 && after.ms <= recoveryMs,
    },
  ];
}
