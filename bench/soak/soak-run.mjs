// Writers at a rate, and readers that stay, come and go, against a server over a segment log whose logs are trimmed; what
// the server holds in memory and on disk is sampled meanwhile. Server, writers and readers are programs of their own.
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { filesBytes } from "../files-bytes.mjs";
import { Client, Server } from "../wire/contestant.mjs";

const MiB = 1024 * 1024;
const program = "../soak/soak-program.mjs";
const bytes = 64;
/** As `maxLogBytes` counts an entry beside its payload. */
const entryOverheadBytes = 64;
const topicsOf = (count) => Array.from({ length: count }, (_, index) => `soak-${index}`);

async function withPrograms(settings, work) {
  const { segmentBytes } = settings;
  const options = { store: "segment-log", segmentBytes };
  const server = await Server.start({ module: "jobwire", options });
  const writer = new Client("jobwire", program);
  const reader = new Client("jobwire", program);
  try {
    return await work({ server, writer, reader, address: server.address });
  } finally {
    await Promise.all([writer.stop(), reader.stop()]);
    await server.stop();
  }
}

/** Entries per second that go in and come to every reader that stands, however fast they are written. */
export async function measureSoakMaximum({ channels, perChannel, forMs }) {
  return await withPrograms({}, async ({ writer, reader, address }) => {
    const topics = topicsOf(channels);
    await writer.do("createChannels", { address, topics, spec: {} });
    await reader.do("openReaders", { address, topics, keptEntries: Infinity });
    const writing = { address, topics, bytes, perChannel, forMs };
    const { startMs, counts: written } = await writer.do("writeAll", writing);
    const { endMs } = await reader.do("finishReaders", { written });
    const entries = Object.values(written).reduce((sum, count) => sum + count, 0);
    return (entries * 1e3) / (endMs - startMs);
  });
}

const defaults = {
  channels: 4,
  visitors: 2,
  maxLogBytes: 16 * MiB,
  segmentBytes: 64 * MiB,
  sampleMs: 10_000,
};

export async function runSoak(settings) {
  const { seconds, perSecond, channels, visitors, maxLogBytes, segmentBytes, sampleMs } = {
    ...defaults,
    ...settings,
  };
  return await withPrograms({ segmentBytes }, async ({ server, writer, reader, address }) => {
    const topics = topicsOf(channels);
    const spec = { whenFull: "trim", maxLogBytes };
    await writer.do("createChannels", { address, topics, spec });
    const keptEntries = maxLogBytes / (bytes + entryOverheadBytes);
    await reader.do("openReaders", { address, topics, keptEntries });
    await reader.do("openVisitors", { address, topics, keptEntries, each: visitors });
    const samples = [];
    let isOver = false;
    const sampling = sample(server, samples, sampleMs, () => isOver);
    // Whatever else fails first is what is told.
    sampling.catch(() => undefined);
    const forMs = seconds * 1e3;
    const writing = { address, topics, bytes, perSecond, cutEveryMs: 5_000, forMs };
    const { counts: written, failures, cut } = await writer.do("write", writing);
    isOver = true;
    await sampling;
    const { counts } = await reader.do("finishReaders", { written });
    const failed = [...failures, ...(await server.ask("failures"))];
    return { samples, written, writersCut: cut, counts, failures: failed };
  });
}

/** After a collection: what is to be flat is what is held, not what the collector has not come to yet. */
async function sample(server, samples, sampleMs, isOver) {
  const startMs = performance.now();
  while (!isOver()) {
    const { residentBytes, heapBytes } = await server.ask("memory");
    const diskBytes = await filesBytes(server.directory);
    const second = (performance.now() - startMs) / 1e3;
    samples.push({ second, residentBytes, heapBytes, diskBytes });
    await delay(sampleMs);
  }
}

/** What a unit may grow in the second half of a soak, by the line through its samples: a share of it, and some bytes. */
const allowances = {
  heapBytes: { share: 0.1, bytes: 8 * MiB },
  residentBytes: { share: 0.1, bytes: 32 * MiB },
};

/** How much memory grew over the second half, and whether that is as good as nothing. */
export function judgeSoakMemory(samples) {
  const { second: end } = samples.at(-1);
  const half = samples.filter(({ second }) => second >= end / 2);
  return Object.entries(allowances).map(([unit, { share, bytes: least }]) => {
    const mean = half.reduce((sum, each) => sum + each[unit], 0) / half.length;
    const grownBytes = slopeOf(half.map((each) => [each.second, each[unit]])) * (end / 2);
    const allowedBytes = share * mean + least;
    return { unit, meanBytes: mean, grownBytes, allowedBytes, isFlat: grownBytes <= allowedBytes };
  });
}

/** Least squares. */
function slopeOf(points) {
  const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  let above = 0;
  let below = 0;
  for (const point of points) {
    above += (point[0] - x) * (point[1] - y);
    below += (point[0] - x) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

/** Whatever was written, files take a few times what the logs keep, and some that are just begun or about to go. */
export function judgeSoakDisk(samples, settings = {}) {
  const { channels, maxLogBytes, segmentBytes } = { ...defaults, ...settings };
  const mostBytes = Math.max(...samples.map(({ diskBytes }) => diskBytes));
  const allowedBytes = 4 * channels * maxLogBytes + 4 * segmentBytes;
  return { mostBytes, allowedBytes, isBounded: mostBytes <= allowedBytes };
}
