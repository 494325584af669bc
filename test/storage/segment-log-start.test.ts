import { beforeAll, describe, expect, it } from "vitest";
import { DurableDirectory } from "../../src/stores/segment-log/durable-directory.ts";
import { FilePool } from "../../src/stores/segment-log/file-pool.ts";
import { recover } from "../../src/stores/segment-log/recovery.ts";
import type { RecoveryOptions } from "../../src/stores/segment-log/recovery.ts";
import { RecordSeries } from "../../src/stores/segment-log/series.ts";
import type { Series } from "../../src/stores/segment-log/series.ts";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { inspectStore } from "../../src/stores/segment-log/store-inspection.ts";
import { readNote } from "../../src/stores/segment-log/store-note.ts";
import {
  createSampleKey,
  createSampleRecord,
  SampleWriter,
} from "../../src/testing/store-samples.ts";
import { MemoryDirectory } from "./memory-directory.ts";

const lives = Array.from({ length: 12 }, (_, index) => `life${index}`);
const rounds = 20;
const segmentBytes = 8 * 1024;
const starts: Readonly<Record<string, Partial<RecoveryOptions>>> = {
  "from the checkpoint": {},
  "from the indexes": { usesCheckpoint: false },
  "from the segments": { usesCheckpoint: false, readsAll: true },
};

/** Processes and logs of which some ended, some were trimmed and most were compacted. */
async function fill(directory: MemoryDirectory): Promise<void> {
  const store = await SegmentLogStore.open({ directory, segmentBytes });
  const writers = lives.map((life) => new SampleWriter(store, createSampleKey(life)));
  for (const writer of writers) await writer.open();
  for (let round = 0; round < rounds; round++) {
    await store.createRecord(createSampleRecord(`process${round}`));
    for (const writer of writers) await writer.append(`${round}`.padEnd(100, "."));
    if (round === rounds / 2) await removeThird(store, writers);
  }
  for (const writer of writers) {
    const trimmed = { logicalFirst: rounds / 2, trimmedBytes: 1_000 };
    await writer.commit(writer.createBatch("fence", trimmed));
    await store.trim(writer.key);
  }
  await store.deleteRecord("process0", (await store.readRecord("process0"))?.revision ?? 0);
  await store.close();
}

async function removeThird(store: SegmentLogStore, writers: SampleWriter[]): Promise<void> {
  for (const writer of writers.splice(0, 4)) {
    await writer.commit(writer.createBatch("tombstone"));
    await store.removeLog(writer.key);
  }
  await store.compact();
}

async function stateAfter(
  directory: MemoryDirectory,
  how: Partial<RecoveryOptions>,
): Promise<unknown> {
  const files = new FilePool(directory, { openFilesMax: 4, readsAtOnce: 1 });
  const storeId = (await readNote(directory))?.storeId ?? "";
  const { state, damages } = await recover({
    directory: new DurableDirectory(directory),
    ...{ files, storeId, ...how },
  });
  await files.close();
  const series = [...state.byNumber.values()]
    .sort((a, b) => a.number - b.number)
    .map(describeSeries);
  const names = { records: [...state.records.keys()].sort(), logs: [...state.logs.keys()].sort() };
  const processIds = state.processIds.after("", Infinity);
  const { nextSeries, keptBytes } = state;
  return { ...names, processIds, series, nextSeries, keptBytes, damages };
}

function describeSeries(series: Series): unknown {
  const { number, revision } = series;
  if (series instanceof RecordSeries) {
    const { packed, segmentId, storedBytes } = series;
    return { number, revision, packed, segmentId, storedBytes };
  }
  const { key, head, places } = series;
  return { number, revision, key, head, places };
}

/** The same names and sizes, and nothing that counts in the segments. */
function withoutFrames(directory: MemoryDirectory): MemoryDirectory {
  let copy = directory;
  for (const name of directory.files.keys())
    if (directory.files.has(name.replace(".segment", ".index")) && name.endsWith(".segment"))
      copy = copy.copyWith(name, (bytes) => bytes.fill(0xff, 1_100));
  return copy;
}

describe("a segment log that was closed", () => {
  const directory = new MemoryDirectory();
  let expected: unknown;

  beforeAll(async () => {
    await fill(directory);
    expected = await stateAfter(directory, { usesCheckpoint: false, readsAll: true });
  });

  it.each(Object.keys(starts))("comes back the same %s", async (name) => {
    expect(await stateAfter(directory, starts[name] ?? {})).toEqual(expected);
  });

  it("reads no segment, and finds what is damaged there when it is read", async () => {
    const changed = withoutFrames(directory);
    expect(await stateAfter(changed, { usesCheckpoint: false })).toEqual(expected);

    const store = await SegmentLogStore.open({ directory: changed, usesCheckpoint: false });
    expect(store.damages).toEqual([]);
    const reader = new SampleWriter(store, createSampleKey(lives.at(-1)));
    expect(await reader.read()).toEqual([]);
    expect(store.damages).not.toEqual([]);
    await store.close();
    const { damages } = await inspectStore(changed, { isThorough: true });
    expect(damages).not.toEqual([]);
  });

  it("finds every frame of what was compacted where the one before ends", async () => {
    const large = new MemoryDirectory();
    const store = await SegmentLogStore.open({ directory: large, segmentBytes: 1024 * 1024 });
    const writer = await new SampleWriter(store, createSampleKey("kept")).open();
    const other = await new SampleWriter(store, createSampleKey("removed")).open();
    for (let count = 0; count < 12; count++) {
      await writer.append(new Uint8Array(60_000));
      await other.append(new Uint8Array(120_000));
    }
    await other.commit(other.createBatch("tombstone"));
    await store.removeLog(other.key);
    await store.compact();
    await store.close();
    expect([...large.files.keys()].some((name) => name.includes(".g1."))).toBe(true);

    const { damages } = await inspectStore(large, { isThorough: true });
    expect(damages).toEqual([]);
  });
});
