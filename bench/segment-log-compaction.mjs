// What a compaction costs those who append meanwhile: durable appends per second from 64 writers while the
// store compacts, against the same store at rest, in turns. What is compacted was deleted by half before.
import { setTimeout as sleep } from "node:timers/promises";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { formatSpread, medianRatio } from "./report.mjs";
import {
  createData,
  createKey,
  createOpening,
  createTombstone,
  withDirectory,
} from "./stored-batch.mjs";

const writers = 64;
const fillers = 200;
const fillBatches = 100;
const restMs = 1_500;
const warmUps = 1;
const small = new Uint8Array(256).fill(120);
const large = new Uint8Array(2048).fill(120);

/** A log that is appended to, one batch after the other. */
class Writer {
  #last = 0;
  #revision;

  constructor(store, key) {
    this.store = store;
    this.key = key;
  }

  async open() {
    this.#revision = await this.store.append(this.key, createOpening(), undefined);
  }

  async append(payload) {
    const batch = createData(this.#last, payload);
    this.#revision = await this.store.append(this.key, batch, this.#revision);
    this.#last++;
  }

  async remove() {
    await this.store.append(this.key, createTombstone(this.#last), this.#revision);
    await this.store.removeLog(this.key);
  }
}

async function openWriters(store, count, name) {
  const opened = Array.from({ length: count }, (_, at) => new Writer(store, createKey(at, name)));
  await Promise.all(opened.map((writer) => writer.open()));
  return opened;
}

/** Leaves segments of which a little more than half is dead. */
async function fillForCompaction(store, round) {
  const filled = await openWriters(store, fillers, `filler-${round}`);
  for (let batch = 0; batch < fillBatches; batch++)
    await Promise.all(filled.map((writer) => writer.append(large)));
  await Promise.all(filled.slice(0, fillers * 0.6).map((writer) => writer.remove()));
}

/** Appends per second from now until `until` resolves. */
async function appendUntil(busy, until) {
  let isOver = false;
  let count = 0;
  const start = performance.now();
  const over = until.then(() => (isOver = true));
  const loop = async (writer) => {
    for (; !isOver; count++) await writer.append(small);
  };
  await Promise.all([over, ...busy.map(loop)]);
  return { rate: (count / (performance.now() - start)) * 1e3, ms: performance.now() - start };
}

export async function benchSegmentLogCompaction({ rounds = 8 } = {}) {
  const alone = [];
  const compacting = [];
  const durations = [];
  await withDirectory(async (path) => {
    const directory = new NodeDirectory(path);
    const store = await SegmentLogStore.open({ directory, segmentBytes: 16 * 1024 * 1024 });
    const busy = await openWriters(store, writers, "busy");
    for (let round = 0; round < rounds + warmUps; round++) {
      // What the filling has started in the background belongs to neither side.
      await store.compact();
      const atRest = await appendUntil(busy, sleep(restMs));
      await fillForCompaction(store, round);
      const meanwhile = await appendUntil(busy, store.compact());
      if (round < warmUps) continue;
      alone.push(atRest.rate);
      compacting.push(meanwhile.rate);
      durations.push(meanwhile.ms);
    }
    await store.close();
  });
  const share = medianRatio(compacting, alone);
  const formatMs = (ms) => `${ms.toFixed(0)} ms`;
  const rates = [alone, compacting].map((values) => formatSpread(values));
  const row = ["64 in flight", ...rates, share.toFixed(2), formatSpread(durations, formatMs)];
  const table = {
    title:
      "Durable appends of 256 B per second from 64 writers during a compaction: median (quartiles)",
    header: ["", "at rest", "compacting", "× at rest", "compaction takes"],
    rows: [row],
  };
  const target = "appends during a compaction are slowed by at most a third";
  const verdicts = [{ target, met: share >= 2 / 3 }];
  return { tables: [table], figures: { alone, compacting, durationsMs: durations }, verdicts };
}
