import { expect, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { createSampleKey, SampleWriter } from "../../src/testing/store-samples.ts";
import { MemoryDirectory } from "./memory-directory.ts";

const segmentBytes = 8 * 1024;
const removedLogs = 12;
const renamesMax = 100;

/** Fails what never ends. */
class CountingDirectory extends MemoryDirectory {
  #renames = 0;

  override async rename(from: string, to: string): Promise<void> {
    if (++this.#renames > renamesMax) throw new Error("goes on for ever");
    await super.rename(from, to);
  }
}

async function openWriter(store: SegmentLogStore, life: string): Promise<SampleWriter> {
  const writer = new SampleWriter(store, createSampleKey(life));
  await writer.open();
  return writer;
}

async function remove(store: SegmentLogStore, writer: SampleWriter): Promise<void> {
  await writer.commit(writer.createBatch("tombstone"));
  await store.removeLog(writer.key);
}

/**
 * A segment full of entries, one with removals, an entry of so many bytes and much that is removed later, and
 * one that is written.
 */
async function fill(store: SegmentLogStore, payloadBytes: number): Promise<void> {
  const filler = await openWriter(store, "filler");
  for (let part = 0; part < 4; part++) await filler.append(new Uint8Array(1_600));
  const kept = await openWriter(store, "kept");
  const padding = await openWriter(store, "padding");
  for (let index = 0; index < removedLogs; index++)
    await remove(store, await openWriter(store, `removed${index}`));
  await kept.append(new Uint8Array(payloadBytes));
  for (let part = 0; part < 4; part++) await padding.append(new Uint8Array(1_700));
  await remove(store, padding);
}

it("comes to an end, also where just half of a segment counts", async () => {
  for (let payloadBytes = 550; payloadBytes < 650; payloadBytes++) {
    const directory = new CountingDirectory();
    const errors: unknown[] = [];
    const onError = (error: unknown): unknown => errors.push(error);
    const store = await SegmentLogStore.open({ directory, segmentBytes, onError });
    await fill(store, payloadBytes);

    await store.compact();

    expect(errors).toEqual([]);
    await store.close();
  }
});
