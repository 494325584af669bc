// Start-up of the segment log from its checkpoint and from its segments alone, beside reading the segments,
// and the memory of the open store. The harshest case: each batch has one entry. Each start is a process of
// its own; the files are in the page cache, as after a restart of the server.
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { runMeasured } from "./measured-program.mjs";
import { median, medianRatio } from "./report.mjs";
import { createData, createKey, createOpening, withDirectory } from "./stored-batch.mjs";

const logs = 4_000;
const payload = new Uint8Array(64).fill(120);
const hows = ["checkpoint", "segments", "read"];
const MiB = 1024 * 1024;

/** One batch of each log shares a commit, or the filling would take longer than all that is measured. */
async function fill(path, entries) {
  const store = await SegmentLogStore.open({ directory: new NodeDirectory(path), sync: "never" });
  const writers = Array.from({ length: logs }, (_, index) => ({
    key: createKey(index),
    revision: undefined,
  }));
  const appendToAll = (create) =>
    Promise.all(
      writers.map(async (writer) => {
        writer.revision = await store.append(writer.key, create(), writer.revision);
      }),
    );
  await appendToAll(createOpening);
  for (let last = 0; last < entries / logs; last++)
    await appendToAll(() => createData(last, payload));
  await store.close();
}

async function measure(entries, rounds) {
  return await withDirectory(async (path) => {
    await fill(path, entries);
    const starts = Object.fromEntries(hows.map((how) => [how, []]));
    for (let round = 0; round < rounds; round++)
      for (const how of hows) starts[how].push(await runMeasured("store-opening.mjs", [path, how]));
    return starts;
  });
}

/** Starts of each kind by size: the large one is steady, and takes minutes. */
const roundsBySize = [
  [1e6, 3],
  [1e7, 1],
];

export async function benchSegmentLogStart({ sizes = roundsBySize } = {}) {
  const rows = [];
  const verdicts = [];
  const figures = {};
  for (const [entries, rounds] of sizes) {
    const starts = await measure(entries, rounds);
    figures[entries] = starts;
    const seconds = (how) => starts[how].map((start) => start.seconds);
    const memory = (how, unit) => median(starts[how].map(({ after }) => after[unit]));
    const rateOfReading = medianRatio(seconds("read"), seconds("segments"));
    const resident = (how) => memory(how, "residentBytes") / MiB;
    const name = `${(entries / 1e6).toFixed(0)} M`;
    rows.push([
      name,
      ...hows.map((how) => `${median(seconds(how)).toFixed(2)} s`),
      rateOfReading.toFixed(2),
      ...["checkpoint", "segments"].flatMap((how) => [
        `${(memory(how, "heapBytes") / MiB).toFixed(0)} MiB`,
        `${resident(how).toFixed(0)} MiB`,
      ]),
    ]);
    if (entries <= 1e6)
      verdicts.push({
        target: `start-up with ${name} entries takes at most 1 s from the checkpoint`,
        met: median(seconds("checkpoint")) <= 1,
      });
    else
      verdicts.push({
        target: `${name} one-entry batches take less than 1 GiB resident, however the store started`,
        met: resident("checkpoint") < 1024 && resident("segments") < 1024,
      });
    verdicts.push({
      target: `start-up with ${name} entries without checkpoint is at least 0.5 × of reading the files`,
      met: rateOfReading >= 0.5,
    });
  }
  const title = `Start-up of the segment log, ${logs.toLocaleString("en")} logs, one entry of 64 B a batch (medians); memory after a collection`;
  const times = ["checkpoint", "without", "reading", "× reading"];
  const header = ["entries", ...times, "heap", "RSS", "heap without", "RSS without"];
  return { tables: [{ title, header, rows }], figures, verdicts };
}
