// Messages through servers and clients that are programs of their own: published with acknowledgement, delivered to
// one reader, to a hundred and to a thousand, the time from the planned moment of a message until its reader has it, and
// the time in which a late reader gets a log. Ours beside its peers, in turns within one run.
import {
  formatMilliseconds,
  formatSpread,
  mapValues,
  median,
  medianRatio,
  quantile,
} from "./report.mjs";
import { timeSyncs } from "./sync-time.mjs";
import { Contestant, findKinds, judgeCounts } from "./wire/contestant.mjs";

const KiB = 1024;
const latencyPerSecond = 1_000;
const replayed = 10_000;
const small = { bytes: 64, unacked: 1_024 };
const medium = { bytes: KiB, unacked: 1_024 };
/** As many of them as our client leaves unacknowledged, 4 MiB. */
const large = { bytes: 64 * KiB, unacked: 64 };
const keepsLogs = ["jobwire", "redis", "jetstream"];
const withoutLimitOfReaders = ["jobwire", "ws", "redis"];

/** `of` names the modules that take part; all do without it. */
const measures = {
  publish: { take: (each, turnMs) => each.publish({ ...small, forMs: turnMs }) },
  one: { take: (each, turnMs) => each.deliver(1, { ...small, forMs: turnMs }) },
  // A hundred readers take long for what is published in a moment.
  hundred: { take: (each, turnMs) => each.deliver(100, { ...small, forMs: turnMs / 10 }) },
  delay: {
    take: async (each, turnMs) => {
      const atRate = { bytes: small.bytes, perSecond: latencyPerSecond, forMs: turnMs };
      return quantile(await each.delay(atRate), 0.5);
    },
  },
  publishMedium: { take: (each, turnMs) => each.publish({ ...medium, forMs: turnMs / 2 }) },
  oneMedium: { take: (each, turnMs) => each.deliver(1, { ...medium, forMs: turnMs / 2 }) },
  publishLarge: { take: (each, turnMs) => each.publish({ ...large, forMs: turnMs / 4 }) },
  oneLarge: { take: (each, turnMs) => each.deliver(1, { ...large, forMs: turnMs / 4 }) },
  thousand: {
    of: withoutLimitOfReaders,
    // Fewer unacknowledged: all in one burst would be one frame for each reader.
    take: (each, turnMs) =>
      each.deliver(1_000, { bytes: 64, unacked: 64, countMax: turnMs, forMs: 60_000 }),
  },
  replay: {
    of: keepsLogs,
    take: (each) => each.replay({ ...small, countMax: replayed, forMs: 60_000 }),
  },
};

export async function benchWire({ rounds = 5, turnMs = 1_000 } = {}) {
  const { found, missingPeers } = findKinds();
  const contestants = new Map();
  try {
    for (const kind of found) contestants.set(kind.name, await Contestant.start(kind));
    const figures = await measure(found, contestants, { rounds, turnMs });
    const syncsMs = await timeSyncs();
    const verdicts = [
      ...judge(figures),
      ...judgeDurableDelay(figures, median(syncsMs)),
      judgeCounts([...contestants.values()]),
    ];
    const tables = [
      tabulateSmall(figures, contestants, rounds),
      tabulateSizes(figures),
      tabulateMany(figures),
    ];
    return {
      tables,
      charts: chart(figures),
      figures: { ...Object.fromEntries(figures), syncsMs },
      verdicts,
      missingPeers,
    };
  } finally {
    for (const contestant of contestants.values()) await contestant.stop();
  }
}

async function measure(found, contestants, { rounds, turnMs }) {
  const figures = new Map(found.map(({ name }) => [name, mapValues(measures, () => [])]));
  // The first round is for compilers to have seen everything.
  for (let round = 0; round <= rounds; round++)
    for (const [measureName, { of, take }] of Object.entries(measures))
      for (const { name, module } of found) {
        if (of !== undefined && !of.includes(module)) continue;
        const figure = await take(contestants.get(name), turnMs);
        if (round > 0) figures.get(name)[measureName].push(figure);
      }
  return figures;
}

const spreadOf = (values, format) => (values.length === 0 ? "" : formatSpread(values, format));

function tabulateSmall(figures, contestants, rounds) {
  const unacked = small.unacked.toLocaleString("en");
  return {
    title: `Messages of 64 B per second, up to ${unacked} unacknowledged; from the planned moment to the reader at ${latencyPerSecond}/s, p50; ${rounds} rounds, median (quartiles); our rate limit is raised; delivered, missing and repeated in all tables of this run`,
    header: ["", "published", "1→1", "1→100", "delay", "delivered", "missing", "repeated"],
    rows: [...figures].map(([name, { publish, one, hundred, delay }]) => {
      const { delivered, missing, repeated } = contestants.get(name);
      return [
        name,
        ...[publish, one, hundred].map((values) => formatSpread(values)),
        formatSpread(delay, formatMilliseconds),
        ...[delivered, missing, repeated].map((count) => count.toLocaleString("en")),
      ];
    }),
  };
}

function tabulateSizes(figures) {
  return {
    title: "Larger messages per second, up to 1,024 of 1 KiB or 64 of 64 KiB unacknowledged",
    header: ["", "1 KiB published", "1 KiB 1→1", "64 KiB published", "64 KiB 1→1"],
    rows: [...figures].map(([name, all]) => [
      name,
      ...["publishMedium", "oneMedium", "publishLarge", "oneLarge"].map((measureName) =>
        formatSpread(all[measureName]),
      ),
    ]),
  };
}

function tabulateMany(figures) {
  return {
    title: `Deliveries of 64 B per second to a thousand readers, up to 64 unacknowledged; a log of ${replayed.toLocaleString("en")} entries, until a late reader has it`,
    header: ["", "1→1,000", "replay"],
    rows: [...figures]
      .filter(([, { thousand, replay }]) => thousand.length + replay.length > 0)
      .map(([name, { thousand, replay }]) => [
        name,
        spreadOf(thousand),
        spreadOf(replay, formatMilliseconds),
      ]),
  };
}

function chart(figures) {
  const bars = (...names) =>
    [...figures]
      .map(([name, all]) => ({
        name,
        values: names.map((measureName) => median(all[measureName])),
      }))
      .filter(({ values }) => values.some(Number.isFinite));
  const kind = "bars";
  return [
    {
      ...{ name: "wire-publish", title: "Messages of 64 B per second", kind },
      ...{ series: ["published", "delivered 1→1"], bars: bars("publish", "one") },
    },
    {
      ...{ name: "wire-fan-out", title: "Deliveries of 64 B per second", kind },
      ...{ series: ["1→100", "1→1,000"], bars: bars("hundred", "thousand") },
    },
    {
      ...{ name: "wire-delay", title: "From the planned moment to the reader, p50, ms", kind },
      ...{ bars: bars("delay") },
    },
  ];
}

/** `measure` of ours, `least` times that of the other, or `most` times. */
const targets = [
  ["publish", "jobwire, memory", { least: 3 }, "ws, a frame a message"],
  ["publish", "jobwire, memory", { least: 2 }, "Redis Streams, everysec"],
  ["publish", "jobwire, memory", { least: 0.6 }, "ws, a frame a turn"],
  ["publish", "jobwire, segment log", { least: 3 }, "Redis Streams, always"],
  ["publish", "jobwire, segment log", { least: 50 }, "JetStream, sync always"],
  ["publish", "jobwire, segment log", { least: 0.5 }, "jobwire, memory"],
  ["one", "jobwire, memory", { least: 2 }, "Redis Streams, everysec"],
  ["one", "jobwire, memory", { least: 0.6 }, "ws, a frame a turn"],
  ["hundred", "jobwire, memory", { least: 3 }, "Redis Streams, everysec"],
  ["hundred", "jobwire, memory", { least: 0.5 }, "ws, a frame a turn"],
  ["delay", "jobwire, memory", { most: 1 }, "Redis Streams, everysec"],
  ["delay", "jobwire, memory", { most: 1.5 }, "ws, a frame a message"],
  ["delay", "jobwire, segment log", { most: 1 }, "Redis Streams, always"],
];
const words = {
  publish: "publish",
  one: "deliver 1→1",
  hundred: "deliver 1→100",
  delay: "end-to-end p50",
};

function judge(figures) {
  return targets.flatMap(([measureName, ours, { least, most }, other]) => {
    const [mine, theirs] = [ours, other].map((name) => figures.get(name)?.[measureName]);
    if (theirs === undefined) return [];
    const ratio = medianRatio(mine, theirs);
    const bound = least === undefined ? `at most ${most}` : `at least ${least}`;
    const target = `${words[measureName]}: ${ours}, ${ratio.toFixed(2)} × ${other}, ${bound}`;
    return [{ target, met: least === undefined ? ratio <= most : ratio >= least }];
  });
}

/** A durable message waits for its place on disk, and for little else. */
function judgeDurableDelay(figures, syncMs) {
  const [ours, bare] = ["jobwire, segment log", "ws, a frame a message"].map((name) =>
    median(figures.get(name).delay),
  );
  const limitMs = 1.5 * bare + syncMs;
  const target = `end-to-end p50: jobwire, segment log, ${formatMilliseconds(ours)}, at most ${formatMilliseconds(limitMs)}, 1.5 × ws and one fdatasync`;
  return [{ target, met: ours <= limitMs }];
}
