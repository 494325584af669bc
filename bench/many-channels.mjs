// Many channels with a reader each, over a few connections: deliveries per second of messages that go to all of them in
// turns, and the time until all readers are there. Ours beside its peers, in turns within one run.
import { formatMilliseconds, formatSpread, median, medianRatio } from "./report.mjs";
import { Client, findKinds, judgeCounts, Server } from "./wire/contestant.mjs";
import { missingRedis } from "./peers.mjs";
import { loadKind } from "./wire/kinds.mjs";

const bytes = 64;
const unacked = 1_024;
const patienceMs = 60_000;
const program = "channels-program.mjs";
const kinds = [
  { name: "jobwire, memory", module: "jobwire-channels", options: { store: "memory" } },
  { name: "jobwire, segment log", module: "jobwire-channels", options: { store: "segment-log" } },
  { name: "ws, a frame a message", module: "ws-channels", options: { gathers: false } },
  { name: "ws, a frame a turn", module: "ws-channels", options: { gathers: true } },
  {
    name: "Redis Streams, everysec",
    module: "redis-channels",
    options: { fsync: "everysec" },
    missing: missingRedis,
  },
];

class Contestant {
  name;
  rates = [];
  openMs = 0;
  delivered = 0;
  missing = 0;
  repeated = 0;
  #server;
  #publisher;
  #reader;
  #last = 0;

  static async start(kind, channels) {
    const contestant = new Contestant();
    contestant.name = kind.name;
    contestant.#server = await Server.start(kind);
    contestant.#publisher = new Client(kind.module, program);
    contestant.#reader = new Client(kind.module, program);
    const { address } = contestant.#server;
    await (await loadKind(kind.module)).createChannels(address, channels);
    const startMs = performance.now();
    await contestant.#reader.do("openReaders", { address, channels });
    contestant.openMs = performance.now() - startMs;
    return contestant;
  }

  async stop() {
    await Promise.all([this.#publisher.stop(), this.#reader.stop()]);
    await this.#server.stop();
  }

  /** Deliveries per second. */
  async deliver(channels, perChannel) {
    const { address } = this.#server;
    const first = this.#last + 1;
    this.#last += perChannel;
    await this.#reader.do("expect", { last: this.#last });
    const publishing = { address, channels, perChannel, first, bytes, unacked };
    const { startMs } = await this.#publisher.do("publish", publishing);
    const { endMs, ...counts } = await this.#reader.do("finish", { patienceMs });
    // Over all rounds.
    Object.assign(this, counts);
    return (channels * perChannel * 1000) / (endMs - startMs);
  }
}

export async function benchManyChannels({ count = 10_000, rounds = 5, perChannel = 10 } = {}) {
  const { found, missingPeers } = findKinds(kinds);
  const contestants = [];
  try {
    for (const kind of found) contestants.push(await Contestant.start(kind, count));
    // The first round warms up.
    for (let round = 0; round <= rounds; round++)
      for (const contestant of contestants) {
        const rate = await contestant.deliver(count, perChannel);
        if (round > 0) contestant.rates.push(rate);
      }
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
  return { ...report(contestants, { count, rounds }), missingPeers };
}

function report(contestants, { count, rounds }) {
  const [ours] = contestants;
  const rows = contestants.map(({ name, rates, openMs, delivered, missing, repeated }) => [
    name,
    formatSpread(rates),
    medianRatio(rates, ours.rates).toFixed(2),
    formatMilliseconds(openMs),
    ...[delivered, missing, repeated].map((number) => number.toLocaleString("en")),
  ]);
  const title = `${count.toLocaleString("en")} channels with a reader each: deliveries of ${bytes} B per second, up to ${unacked.toLocaleString("en")} unacknowledged over all; ${rounds} rounds, median (quartiles)`;
  const chart = {
    name: "channels",
    title: `Deliveries per second over ${count.toLocaleString("en")} channels`,
    kind: "bars",
    bars: contestants.map(({ name, rates }) => ({ name, values: [median(rates)] })),
  };
  return {
    tables: [
      {
        title,
        header: [
          ...["", "delivered", "× ours in memory", "until all readers are there"],
          ...["delivered, all", "missing", "repeated"],
        ],
        rows,
      },
    ],
    charts: [chart],
    figures: Object.fromEntries(
      contestants.map(({ name, rates, openMs }) => [name, { rates, openMs }]),
    ),
    verdicts: [judgeCounts(contestants)],
  };
}
