// The JetStream store: appends of 256 bytes by one and by two nodes, each channel with one entry under way, beside
// bare publishes with the same expectation to the same server; and the time from an append on one node to a
// reader on the other. All take turns.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { performance } from "node:perf_hooks";
import { Broker } from "../dist/index.js";
import { openJetStreamStore } from "../dist/stores/jetstream/index.js";
import { startNatsServer } from "./nats-server.mjs";
import { formatSpread, median, medianRatio, quantile } from "./report.mjs";
import { withDirectory } from "./stored-batch.mjs";
import { takeTurn } from "./turn.mjs";

const payload = new Uint8Array(256).fill(120);
/** What of a message of the store is not payload. */
const bareBytes = 256 + 200;
const channelCounts = [1, 16, 256];
const MiB = 1024 * 1024;
const submitter = { identity: "submitter", isAdmin: false };
const limits = { entriesPerSecond: 1e6, entryBurst: 1e6 };

async function openNodes(url) {
  const create = { streamCount: 8, replicas: 1, streamBytesMax: 256 * MiB };
  const nodes = [];
  for (let index = 0; index < 2; index++) {
    const store = await openJetStreamStore({ connection: { servers: url }, create });
    const broker = new Broker({ store, limits });
    await broker.start();
    nodes.push(broker);
  }
  return nodes;
}

/** Publishes of one subject each, behind the one before. */
async function openBare(url, channels) {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const name = `bare-${channels}`;
  await manager.streams.add({ name, subjects: [`${name}.*`], max_bytes: 256 * MiB });
  const client = jetstream(connection);
  const sequences = new Array(channels).fill(0);
  const data = new Uint8Array(bareBytes).fill(120);
  return {
    async append(channel) {
      const expect = { lastSubjectSequence: sequences[channel] };
      const { seq } = await client.publish(`${name}.${channel}`, data, { expect });
      sequences[channel] = seq;
    },
    close: () => connection.close(),
  };
}

/** Channel i is written through node i modulo their number; with one channel both write to it. */
async function openChannels(nodes, prefix, channels) {
  const processes = Array.from({ length: channels }, (_, index) => `${prefix}-${index}`);
  for (const id of processes)
    await nodes[0].createProcess(submitter, { id, channels: [{ name: "out" }] });
  return {
    async append(writer) {
      const node = nodes[writer % nodes.length];
      const id = processes[writer % channels];
      await node.append(submitter, id, "out", [{ payload }]);
    },
  };
}

async function compare(url, nodes, channels, { rounds, turnMs }) {
  const bare = await openBare(url, channels);
  const contestants = {
    bare: [channels, bare],
    one: [channels, await openChannels(nodes.slice(0, 1), `one-${channels}`, channels)],
    two: [Math.max(channels, 2), await openChannels(nodes, `two-${channels}`, channels)],
  };
  const turns = { bare: [], one: [], two: [] };
  for (let round = 0; round <= rounds; round++)
    for (const [name, [writers, contestant]] of Object.entries(contestants)) {
      const { rate } = await takeTurn(writers, contestant, turnMs);
      // The first round warms up.
      if (round > 0) turns[name].push(rate);
    }
  await bare.close();
  return turns;
}

function rowOf(channels, turns) {
  return [
    String(channels),
    formatSpread(turns.bare),
    formatSpread(turns.one),
    formatSpread(turns.two),
    medianRatio(turns.one, turns.bare).toFixed(2),
    medianRatio(turns.two, turns.bare).toFixed(2),
  ];
}

/** Milliseconds from an append on one node until a reader on the other has it. */
async function measureLatency([first, second], latencyCount) {
  const id = "latency";
  await first.createProcess(submitter, { id, channels: [{ name: "out" }] });
  const reader = await second.subscribe(submitter, id, "out", { after: "start" });
  const times = [];
  for (let count = 0; count < latencyCount; count++) {
    const start = performance.now();
    const appended = first.append(submitter, id, "out", [{ payload }]);
    await reader.next();
    times.push(performance.now() - start);
    await appended;
  }
  reader.close();
  return times;
}

const syncs = [
  ["synced by the server in its own time", undefined],
  ["sync_interval: always", "always"],
];

export async function benchJetStream({ rounds = 5, turnMs = 1_000, latencyCount = 500 } = {}) {
  const tables = [];
  const latencies = [];
  const figures = {};
  for (const [name, sync] of syncs)
    await withDirectory(async (path) => {
      const server = await startNatsServer(path, { sync });
      const nodes = await openNodes(server.url);
      const turns = {};
      for (const channels of channelCounts)
        turns[channels] = await compare(server.url, nodes, channels, { rounds, turnMs });
      tables.push({
        title: `JetStream store, one server (${server.version}), ${name}: appends per second`,
        header: ["channels", "bare publish", "one node", "two nodes", "one ×", "two ×"],
        rows: channelCounts.map((channels) => rowOf(channels, turns[channels])),
      });
      const times = await measureLatency(nodes, latencyCount);
      const format = (ms) => `${ms.toFixed(2)} ms`;
      latencies.push([name, format(median(times)), format(quantile(times, 0.99))]);
      figures[name] = { turns, latenciesMs: times };
      for (const { store } of nodes) await store.close();
      await server.stop();
    });
  const header = ["server", "p50", "p99"];
  tables.push({ title: "Append on one node to reader on the other", header, rows: latencies });
  return { tables, figures, verdicts: [] };
}
