// Appends over HTTP, one payload or a batch of entries a request, beside a bare server of node:http that is sent the same,
// and one of the framework that ours stands on. Server and load are programs of their own; all take turns.
import { formatSpread, mapValues, medianRatio } from "./report.mjs";
import { Client, Server } from "./wire/contestant.mjs";
import { loadKind } from "./wire/kinds.mjs";

let topics = 0;
const bytes = 64;
const connections = 64;
const batchEntries = 100;
const contestantKinds = {
  "node:http, bare": { module: "node-http", options: {} },
  "Fastify, bare": { module: "bare-fastify", options: {} },
  "jobwire, memory": { module: "jobwire", options: { store: "memory" } },
  "jobwire, segment log": { module: "jobwire", options: { store: "segment-log" } },
};
/** Entries of a request. */
const measures = { single: 1, batch: batchEntries };
const bare = "node:http, bare";

export async function benchHttp({ rounds = 5, turnMs = 1_500, warmUps = 3 } = {}) {
  const contestants = [];
  const load = new Client("node-http", "../http-load.mjs");
  const rates = mapValues(contestantKinds, () => mapValues(measures, () => []));
  const counts = mapValues(contestantKinds, () => ({ posted: 0, kept: 0 }));
  try {
    for (const [name, kind] of Object.entries(contestantKinds)) {
      const server = await Server.start(kind);
      contestants.push({ name, server, module: await loadKind(kind.module) });
    }
    // A whole request goes through much code: it takes its time to be compiled.
    for (let round = 0; round < rounds + warmUps; round++)
      for (const [measure, entries] of Object.entries(measures))
        for (const contestant of contestants) {
          const { posted, kept, perSecond } = await takeTurn(contestant, load, { entries, turnMs });
          counts[contestant.name].posted += posted;
          counts[contestant.name].kept += kept;
          if (round >= warmUps) rates[contestant.name][measure].push(perSecond);
        }
  } finally {
    await load.stop();
    for (const { server } of contestants) await server.stop();
  }
  return report(rates, counts, rounds);
}

/** Into a channel of its own, so that no log becomes full. `posted` and `kept` are entries, the rate is of requests. */
async function takeTurn({ server, module }, load, { entries, turnMs }) {
  const { address } = server;
  const topic = `http-${(topics += 1)}`;
  const path = `/v1/processes/${topic}/channels/out/entries`;
  await module.createTopic(address, topic);
  const given = { address, path, entries, bytes, connections, forMs: turnMs };
  const { count, seconds } = await load.do("post", given);
  const kept = await module.countEntries(address, topic);
  await module.removeTopic(address, topic);
  return { posted: count * entries, kept, perSecond: count / seconds };
}

function report(rates, counts, rounds) {
  const ratio = (name, measure) => medianRatio(rates[name][measure], rates[bare][measure]);
  const rows = Object.entries(rates).map(([name, { single, batch }]) => [
    name,
    formatSpread(single),
    ratio(name, "single").toFixed(2),
    formatSpread(batch.map((rate) => rate * batchEntries)),
    ratio(name, "batch").toFixed(2),
    ...["posted", "kept"].map((unit) => counts[name][unit].toLocaleString("en")),
  ]);
  const single = ratio("jobwire, memory", "single");
  const isExact = Object.values(counts).every(({ posted, kept }) => posted === kept);
  return {
    tables: [
      {
        title: `Entries of ${bytes} B per second over HTTP from ${connections} connections, one a request or ${batchEntries}; ${rounds} rounds, median (quartiles)`,
        header: ["", "single", "× bare", "batch", "× bare", "acknowledged", "in the logs"],
        rows,
      },
    ],
    figures: { requestsPerSecond: rates, counts },
    verdicts: [
      {
        target: `HTTP single append: ${single.toFixed(2)} × bare node:http, at least 0.7`,
        met: single >= 0.7,
      },
      { target: "HTTP: each acknowledged entry is in the log once", met: isExact, isExact },
    ],
  };
}
