// The segment log alone: appends of 256 bytes that are acknowledged when they are on disk, from 1, 64 and
// 1,024 writers that each wait for their acknowledgement, beside a bare file and lmdb. All three stay open
// and are measured in turns, so that what disturbs one disturbs all.
import { fdatasyncSync, openSync, closeSync, fdatasync, writeSync, writev } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { formatSpread, median, medianRatio } from "./report.mjs";
import { createData, createKey, createOpening, withDirectory } from "./stored-batch.mjs";
import { missingPackage } from "./peers.mjs";
import { takeTurn } from "./turn.mjs";

const payload = new Uint8Array(256).fill(120);
const inFlight = [1, 64, 1024];
const turnMs = 400;
const MiB = 1024 * 1024;

async function openStore(path, writers) {
  const store = await SegmentLogStore.open({ directory: new NodeDirectory(path) });
  const logs = await Promise.all(
    Array.from({ length: writers }, async (_, index) => {
      const key = createKey(index);
      return { key, last: 0, revision: await store.append(key, createOpening(), undefined) };
    }),
  );
  const append = async (writer) => {
    const log = logs[writer];
    const batch = createData(log.last, payload);
    log.revision = await store.append(log.key, batch, log.revision);
    log.last++;
  };
  return { append, close: () => store.close() };
}

/** The least that any durable log does: what gathers during one write and sync is the next write. */
function openFile(path) {
  const capacity = 64 * MiB;
  const file = openSync(join(path, "log"), "w+");
  for (let at = 0; at < capacity; at += MiB) writeSync(file, new Uint8Array(MiB));
  fdatasyncSync(file);
  let waiting = [];
  let isRunning = false;
  let offset = 0;
  const writeWaiting = () => {
    isRunning = waiting.length > 0;
    if (!isRunning) return;
    const group = waiting;
    waiting = [];
    const chunks = group.map(({ bytes }) => bytes);
    const length = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (offset + length > capacity) offset = 0;
    writev(file, chunks, offset, (error, written) => {
      if (error !== null || written !== length) throw error ?? new Error("a short write");
      offset += length;
      fdatasync(file, (failure) => {
        if (failure !== null) throw failure;
        for (const { resolve } of group) resolve();
        // When those who were told have given their next.
        setImmediate(writeWaiting);
      });
    });
  };
  const append = () => {
    const bytes = new Uint8Array(320);
    bytes.set(payload, 64);
    return new Promise((resolve) => {
      waiting.push({ bytes, resolve });
      if (isRunning) return;
      isRunning = true;
      setImmediate(writeWaiting);
    });
  };
  return { append, close: () => closeSync(file) };
}

/** By default a put resolves when it is visible; it is on disk when its `flushed` resolves. */
async function openLmdb(path, writers) {
  const { open } = await import("lmdb");
  const database = open({ path, keyEncoding: "binary", encoding: "binary", separateFlushed: true });
  const counts = new Uint32Array(writers);
  const append = (writer) => {
    const key = Buffer.alloc(8);
    key.writeUInt32BE(writer, 0);
    key.writeUInt32BE(++counts[writer], 4);
    return database.put(key, Buffer.from(payload)).flushed;
  };
  return { append, close: () => database.close() };
}

const contestants = { jobwire: openStore, file: openFile, lmdb: openLmdb };
const series = { jobwire: "segment log", file: "bare file", lmdb: "lmdb" };
const fileShare = 0.8;
const lmdbShares = { 64: 2, 1024: 1.3 };

/** Takes turns of all contestants with so many writers; the first rounds warm up. */
async function compare(names, writers, rounds) {
  const warmUps = 2;
  return await withDirectory(async (path) => {
    const opened = [];
    for (const name of names) {
      await mkdir(join(path, name));
      opened.push([name, await contestants[name](join(path, name), writers)]);
    }
    const turns = Object.fromEntries(opened.map(([name]) => [name, []]));
    for (let round = 0; round < rounds + warmUps; round++)
      for (const [name, contestant] of opened) {
        const turn = await takeTurn(writers, contestant, turnMs);
        if (round >= warmUps) turns[name].push(turn);
      }
    for (const [, { close }] of opened) await close();
    return turns;
  });
}

export async function benchSegmentLogAppend({ rounds = 15 } = {}) {
  const lacking = missingPackage("lmdb");
  const names = Object.keys(contestants).filter((name) => name !== "lmdb" || lacking === undefined);
  const figures = {};
  for (const writers of inFlight) figures[writers] = await compare(names, writers, rounds);
  return {
    ...report(names, figures),
    verdicts: inFlight.slice(1).flatMap((writers) => judge(writers, figures[writers])),
    missingPeers: lacking === undefined ? [] : [lacking],
  };
}

const ratesOf = (turns) => turns.map(({ rate }) => rate);
const ratioOf = (turns, other) => medianRatio(ratesOf(turns.jobwire), ratesOf(turns[other]));

function report(names, figures) {
  const others = names.filter((name) => name !== "jobwire");
  const title = "Segment log alone, 256 B, durable appends per second: median (quartiles)";
  const times = others.map((name) => `× ${series[name]}`);
  const header = ["in flight", ...names.map((name) => series[name]), ...times, "µs CPU each"];
  const rows = inFlight.map((writers) => {
    const turns = figures[writers];
    const cpu = names.map((name) => median(turns[name].map((turn) => turn.cpu)).toFixed(1));
    return [
      String(writers),
      ...names.map((name) => formatSpread(ratesOf(turns[name]))),
      ...others.map((name) => ratioOf(turns, name).toFixed(2)),
      cpu.join(" / "),
    ];
  });
  const bars = inFlight.map((writers) => ({
    name: `${writers} in flight`,
    values: names.map((name) => median(ratesOf(figures[writers][name]))),
  }));
  const chart = {
    ...{ name: "append", title: "Durable appends of 256 B per second", kind: "bars" },
    ...{ series: names.map((name) => series[name]), bars },
  };
  return { tables: [{ title, header, rows }], charts: [chart], figures };
}

function judge(writers, turns) {
  const bounds = { file: fileShare, lmdb: lmdbShares[writers] };
  return Object.entries(bounds)
    .filter(([name]) => turns[name] !== undefined)
    .map(([name, least]) => {
      const ratio = ratioOf(turns, name);
      const target = `segment log with ${writers} in flight: ${ratio.toFixed(2)} × ${series[name]}, at least ${least}`;
      return { target, met: ratio >= least };
    });
}
