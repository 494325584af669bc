// The segment log alone: appends of 256 bytes that are acknowledged when they are on disk, from 1, 64 and
// 1,024 writers that each wait for their acknowledgement, beside a bare file and lmdb. Interleaved.
import { closeSync, fdatasync, openSync, writeSync, writev } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { formatCount, median, printTable } from "./report.mjs";

const payload = new Uint8Array(256).fill(120);
const inFlight = [1, 64, 1024];
const durationMs = 1_000;

function createBatch(position, now) {
  const entry = {
    ...{ position, sequence: position, inReplyTo: 0, replyTo: 0, timestamp: now },
    ...{ senderId: "sender", producer: "producer", payload, type: "data", error: "" },
  };
  const producer = { senderId: "sender", producer: "producer", max: position, holes: [] };
  return {
    ...{ id: "batch", kind: "data", epoch: "epoch", term: 1, first: position, entries: [entry] },
    ...{ bytes: 320, logicalFirst: 1, trimmedBytes: 0, marks: [], forgottenProducers: [] },
    producers: [{ ...producer, floor: 0, lastUsedAt: now }],
  };
}

/** Appends per second of `writers` loops for a while. */
async function measure(writers, append) {
  const end = performance.now() + durationMs;
  let count = 0;
  const start = performance.now();
  const loop = async (writer) => {
    for (let n = 1; performance.now() < end; n++) {
      await append(writer, n);
      count++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => loop(writer)));
  return (count / (performance.now() - start)) * 1000;
}

async function withDirectory(work) {
  const path = await mkdtemp(join(tmpdir(), "jobwire-bench-"));
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

function benchStore(writers) {
  return withDirectory(async (path) => {
    const store = await SegmentLogStore.open({ directory: new NodeDirectory(path) });
    const keys = Array.from({ length: writers }, (_, i) => ({
      ...{ life: `life${i}`, processId: `process${i}`, channel: "out" },
    }));
    const revisions = await Promise.all(
      keys.map((key) =>
        store.append(
          key,
          { ...createBatch(1, 0), kind: "open", entries: [], producers: [] },
          undefined,
        ),
      ),
    );
    const rate = await measure(writers, async (writer, n) => {
      const batch = createBatch(n, Date.now());
      revisions[writer] = await store.append(keys[writer], batch, revisions[writer]);
    });
    await store.close();
    return rate;
  });
}

/** The least that any durable log does: what gathers during one write and sync is the next write. */
function benchFile(writers) {
  return withDirectory(async (path) => {
    const file = openSync(join(path, "log"), "w+");
    for (let at = 0; at < 64; at++) writeSync(file, new Uint8Array(1024 * 1024));
    let waiting = [];
    let isRunning = false;
    let offset = 0;
    const run = () => {
      if (waiting.length === 0) return void (isRunning = false);
      isRunning = true;
      const group = waiting;
      waiting = [];
      writev(
        file,
        group.map(({ bytes }) => bytes),
        offset,
        (error, written) => {
          if (error !== null) throw error;
          offset += written;
          if (offset > 60 * 1024 * 1024) offset = 0;
          fdatasync(file, (failure) => {
            if (failure !== null) throw failure;
            for (const { resolve } of group) resolve();
            run();
          });
        },
      );
    };
    const rate = await measure(writers, (_, n) => {
      const bytes = new Uint8Array(320);
      bytes.set(payload, 64);
      bytes[0] = n & 255;
      return new Promise((resolve) => {
        waiting.push({ bytes, resolve });
        if (!isRunning) {
          isRunning = true;
          void Promise.resolve().then(run);
        }
      });
    });
    closeSync(file);
    return rate;
  });
}

function benchLmdb(lmdb) {
  return (writers) =>
    withDirectory(async (path) => {
      const database = lmdb.open({ path, keyEncoding: "binary", encoding: "binary" });
      const rate = await measure(writers, async (writer, n) => {
        const key = Buffer.alloc(12);
        key.writeUInt32BE(writer, 0);
        key.writeUIntBE(n, 4, 6);
        await database.put(key, Buffer.from(payload));
        await database.flushed;
      });
      await database.close();
      return rate;
    });
}

export async function benchSegmentLog({ lmdb, rounds = 5 } = {}) {
  const kinds = { jobwire: benchStore, file: benchFile };
  if (lmdb !== undefined) kinds.lmdb = benchLmdb(lmdb);
  const rates = new Map();
  for (let round = 0; round <= rounds; round++) {
    for (const writers of inFlight) {
      for (const [name, bench] of Object.entries(kinds)) {
        const rate = await bench(writers);
        const key = `${name} ${writers}`;
        // The first round warms up.
        if (round > 0) rates.set(key, [...(rates.get(key) ?? []), rate]);
      }
    }
  }
  const of = (name, writers) => median(rates.get(`${name} ${writers}`) ?? [Number.NaN]);
  const ratio = (name, writers) => (of("jobwire", writers) / of(name, writers)).toFixed(2);
  printTable(
    "Segment log alone, 256 B, durable appends per second (median)",
    ["in flight", "jobwire", "bare file", "lmdb", "× file", "× lmdb"],
    inFlight.map((writers) => [
      String(writers),
      ...["jobwire", "file", "lmdb"].map((name) => formatCount(of(name, writers))),
      ...["file", "lmdb"].map((name) => ratio(name, writers)),
    ]),
  );
  return [64, 1024].flatMap((writers) => [
    {
      target: `segment log with ${writers} in flight is at least 0.8 × of a bare file`,
      met: of("jobwire", writers) >= 0.8 * of("file", writers),
    },
    {
      target: `segment log with ${writers} in flight is at least ${writers === 64 ? 2 : 1.3} × of lmdb`,
      met: of("jobwire", writers) >= (writers === 64 ? 2 : 1.3) * of("lmdb", writers),
    },
  ]);
}
