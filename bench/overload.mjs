// Twice the load that a server can carry. What it can carry is measured first, with bounded windows on a few connections;
// then twice as much is offered at a fixed rate, whatever becomes of it. Somebody else sends a message now and then and
// tells how long it is under way: before, meanwhile and after. The same for the limit of the rate, by batches over HTTP.
import { setTimeout as delay } from "node:timers/promises";
import { formatBytes, formatCount, formatMilliseconds, median, quantile } from "./report.mjs";
import { Client, Server } from "./wire/contestant.mjs";
import { countEntries, createTopic } from "./wire/jobwire.mjs";

const MiB = 1024 * 1024;
const program = "../overload-program.mjs";
const connections = 4;
/** As our client has it under way on a connection at the most. */
const group = { entries: 64, bytes: 256, windowBytes: 4 * MiB };
const trimmed = { whenFull: "trim", maxLogBytes: 16 * MiB };
const probesPerSecond = 50;
const sampleMs = 250;
const beforeMs = 3_000;
const afterMs = 5_000;
/** After the load has gone. */
const recoveryMs = 1_000;
const stores = { memory: "jobwire, memory", "segment-log": "jobwire, segment log" };
/** Of a server with its default limits, and as many in a request. */
const limitPerSecond = 10_000;
const limitBurst = 50_000;
const batchEntries = 100;

export async function benchOverload({ seconds = 60, only = Object.keys(stores) } = {}) {
  const found = {};
  for (const store of only) found[store] = await overload(store, seconds);
  const limited = await exceedRate(seconds);
  return {
    tables: [tabulate(found, seconds), tabulateLimited(limited)],
    charts: Object.entries(found).flatMap(([store, run]) => chart(store, run)),
    figures: { found, limited },
    verdicts: [
      ...Object.entries(found).flatMap(([store, run]) => judge(stores[store], run)),
      ...judgeLimited(limited),
    ],
  };
}

/** Somebody with few messages. Its programs are its own, so that it waits for nobody but the server. */
class Probe {
  #publisher = new Client("jobwire");
  #reader = new Client("jobwire");

  async start(address, forMs) {
    const place = { address, topic: "probe" };
    await createTopic(address, place.topic);
    await this.#reader.do("openReaders", { ...place, count: 1 });
    const atRate = { bytes: 64, perSecond: probesPerSecond, forMs };
    this.#sent = this.#publisher.do("publishAtRate", { ...place, ...atRate });
    this.#sent.catch(() => undefined);
  }

  #sent;

  /** Milliseconds of each message by its planned moment. */
  async finish() {
    const { count, startMs } = await this.#sent;
    const finished = await this.#reader.do("finishReaders", { last: count, patienceMs: 60_000 });
    const { latencies, missing, repeated } = finished;
    const delays = latencies.map((ms, index) => [startMs + (index * 1e3) / probesPerSecond, ms]);
    return { delays, missing, repeated };
  }

  async stop() {
    await Promise.all([this.#publisher.stop(), this.#reader.stop()]);
  }
}

async function sampleMemory(server, samples, isOver) {
  const startMs = performance.now();
  while (!isOver()) {
    const { rss } = await server.ask("usage");
    samples.push([(performance.now() - startMs) / 1e3, rss]);
    await delay(sampleMs);
  }
}

async function overload(store, seconds) {
  const server = await Server.start({ module: "jobwire", options: { store } });
  const load = new Client("jobwire", program);
  const probe = new Probe();
  try {
    const { address } = server;
    const processes = Array.from({ length: connections }, (_, index) => `load-${index}`);
    for (const id of processes) await createTopic(address, id, trimmed);
    await load.do("open", { address, processes, group });
    const maximum = await measureMaximum(load, Math.min(3_000, seconds * 200));
    const samples = [];
    let isOver = false;
    await probe.start(address, beforeMs + seconds * 1e3 + afterMs);
    const sampling = sampleMemory(server, samples, () => isOver);
    await delay(beforeMs);
    const perSecond = 2 * maximum;
    const { entries } = group;
    const offered = await load.do("offer", { perSecond, entries, forMs: seconds * 1e3 });
    const probed = await probe.finish();
    isOver = true;
    await sampling;
    const { total } = await load.do("close", {});
    let kept = 0;
    for (const id of processes) kept += await countEntries(address, id);
    return { maximum, ...offered, samples, probed, total, kept };
  } finally {
    await Promise.all([load.stop(), probe.stop()]);
    await server.stop();
  }
}

/** Entries per second. The first of them warms up. */
async function measureMaximum(load, forMs) {
  const rates = [];
  for (let round = 0; round < 4; round++)
    rates.push((await load.do("saturate", { forMs })).perSecond);
  return median(rates.slice(1));
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

function residentOf({ samples }) {
  const middle = samples[Math.floor(samples.length / 2)][0];
  const most = (chosen) => Math.max(...chosen.map(([, rss]) => rss));
  return {
    first: most(samples.filter(([at]) => at <= middle)),
    second: most(samples.filter(([at]) => at > middle)),
  };
}

function refusalsOf(refused) {
  const told = Object.entries(refused).map(([code, count]) => `${code} ${formatCount(count)}`);
  return told.length === 0 ? "none" : told.join(", ");
}

function tabulate(found, seconds) {
  const windows = formatBytes(group.windowBytes);
  return {
    title: `Entries of ${group.bytes} B per second from ${connections} connections with up to ${windows} under way each, twice the maximum offered for ${seconds} s; somebody else's message, p50; resident memory of the server at the most`,
    header: [
      ...["", "maximum", "offered", "taken", "not sent: window full", "refused"],
      ...["delay before", "meanwhile", "after", "memory, first half", "second half"],
    ],
    rows: Object.entries(found).map(([store, run]) => {
      const perSecond = (count) => formatCount((count * 1e3) / (run.endMs - run.startMs));
      const { before, meanwhile, after } = phasesOf(run);
      const { first, second } = residentOf(run);
      return [
        stores[store],
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
  const name = stores[store];
  const memory = samples.map(([at, rss]) => [at, rss / MiB]);
  // By the second: one point for each message would be a line of noise.
  const bySecond = new Map();
  for (const [at, ms] of probed.delays) {
    const second = Math.floor((at - firstAt) / 1e3);
    bySecond.set(second, [...(bySecond.get(second) ?? []), ms]);
  }
  const delays = [...bySecond].map(([second, all]) => [second, quantile(all, 0.5)]);
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

function judge(name, run) {
  const share = (run.accepted * 1e3) / (run.endMs - run.startMs) / run.maximum;
  const offeredShare = (run.offered * 1e3) / (run.endMs - run.startMs) / run.maximum;
  const { before, after } = phasesOf(run);
  const { first, second } = residentOf(run);
  const unclean = Object.keys(run.refused).filter((code) => !refusals.includes(code));
  const { missing, repeated } = run.probed;
  const isExact = run.kept === run.total && missing === 0 && repeated === 0;
  const settledMs = run.settledMs - run.endMs;
  const limitMs = 2 * before + 5;
  return [
    {
      target: `${name}, overloaded ${offeredShare.toFixed(2)} ×: takes ${share.toFixed(2)} of its maximum, at least 0.8`,
      met: share >= 0.8,
    },
    {
      target: `${name}, overloaded: memory ${formatBytes(second)} in the second half, at most 1.1 × the first half's ${formatBytes(first)} and 32 MiB`,
      met: second <= 1.1 * first + 32 * MiB,
    },
    {
      target: `${name}, overloaded: refusals are overloaded and nothing else${unclean.map((code) => `, but ${code}`).join("")}`,
      met: unclean.length === 0,
    },
    {
      target: `${name}: what was under way is answered ${formatMilliseconds(settledMs)} after the load has gone, at most 1 s`,
      met: settledMs <= recoveryMs,
    },
    {
      target: `${name}: a second later a message takes ${formatMilliseconds(after)}, at most ${formatMilliseconds(limitMs)}, twice of before and 5 ms`,
      met: after <= limitMs,
    },
    {
      target: `${name}, overloaded: ${run.total.toLocaleString("en")} entries acknowledged, ${run.kept.toLocaleString("en")} in the logs; of the probe ${missing} missing, ${repeated} repeated`,
      met: isExact,
      isExact,
    },
  ];
}

/** Batches at twice the rate of the default limits, once what may be sent at once is used up. */
async function exceedRate(seconds) {
  const server = await Server.start({
    module: "jobwire",
    options: { store: "segment-log", limits: {} },
  });
  const load = new Client("jobwire", program);
  try {
    const { address } = server;
    await createTopic(address, "limited", trimmed);
    const path = "/v1/processes/limited/channels/out/entries/batch";
    const batch = { address, path, entries: batchEntries, bytes: 64, connections: 64 };
    const perSecond = 2 * limitPerSecond;
    const burstMs = (limitBurst * 1e3) / limitPerSecond + 1_000;
    const posted = await load.do("post", { ...batch, perSecond, forMs: burstMs + seconds * 1e3 });
    const steady = posted.seconds.slice(Math.ceil(burstMs / 1e3), -1);
    const total = {};
    for (const second of steady)
      for (const [what, count] of Object.entries(second)) total[what] = (total[what] ?? 0) + count;
    const rates = Object.fromEntries(
      Object.entries(total).map(([what, count]) => [what, count / steady.length]),
    );
    return { perSecond, rates, after: posted.after };
  } finally {
    await load.stop();
    await server.stop();
  }
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
