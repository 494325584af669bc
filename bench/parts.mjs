// The parts of the suite, in the order in which they run. `quick` is what makes a part fit into the five minutes of all;
// a part without it is left out of them. `missing` says what a part cannot do without, where that is not there.
import { missingChromium, missingNats, missingTerminals } from "./peers.mjs";

export const parts = {
  router: {
    run: async (options) => (await import("./router.mjs")).benchRouter(options),
    quick: { rounds: 40 },
  },
  append: {
    run: async (options) =>
      (await import("./segment-log-append.mjs")).benchSegmentLogAppend(options),
    quick: { rounds: 3 },
    needsPeers: true,
  },
  start: {
    run: async (options) => (await import("./segment-log-start.mjs")).benchSegmentLogStart(options),
    quick: { sizes: [[1e6, 1]] },
  },
  serve: {
    run: async (options) => (await import("./server-start.mjs")).benchServerStart(options),
    quick: { rounds: 3 },
  },
  cold: {
    run: async (options) => (await import("./segment-log-cold.mjs")).benchColdChannels(options),
    quick: { count: 10_000 },
  },
  compaction: {
    run: async (options) =>
      (await import("./segment-log-compaction.mjs")).benchSegmentLogCompaction(options),
    quick: { rounds: 1 },
  },
  growth: {
    run: async (options) => (await import("./growth.mjs")).benchGrowth(options),
    quick: { rounds: 2 },
  },
  jetstream: {
    missing: missingNats,
    run: async (options) => (await import("./jetstream.mjs")).benchJetStream(options),
    quick: { rounds: 2, turnMs: 300, latencyCount: 200 },
  },
  "jetstream-cold": {
    missing: missingNats,
    run: async (options) => (await import("./jetstream-cold.mjs")).benchJetStreamCold(options),
    quick: { count: 500 },
  },
  wire: {
    run: async (options) => (await import("./wire.mjs")).benchWire(options),
    quick: { rounds: 1, turnMs: 150 },
    needsPeers: true,
  },
  channels: {
    run: async (options) => (await import("./many-channels.mjs")).benchManyChannels(options),
    quick: { rounds: 2, count: 2_000 },
    needsPeers: true,
  },
  http: {
    run: async (options) => (await import("./http.mjs")).benchHttp(options),
    quick: { rounds: 2, turnMs: 500 },
  },
  echo: {
    missing: missingTerminals,
    run: async (options) => (await import("./echo.mjs")).benchEcho(options),
    quick: { rounds: 1, count: 60 },
  },
  console: {
    missing: missingChromium,
    run: async (options) => (await import("./console.mjs")).benchConsole(options),
    quick: { count: 1_000, seconds: 5 },
  },
  sockets: {
    run: async (options) => (await import("./sockets.mjs")).benchSockets(options),
    quick: { rounds: 1, count: 1_000 },
  },
  overload: {
    run: async (options) => (await import("./overload.mjs")).benchOverload(options),
    quick: { seconds: 10, only: ["segment-log", "greedy"] },
  },
  soak: {
    run: async (options) => (await import("./soak.mjs")).benchSoak(options),
  },
};
