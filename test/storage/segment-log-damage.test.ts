import { beforeAll, describe, expect, it } from "vitest";
import {
  decodeFrameHeader,
  decodeSegmentHeader,
  findFrame,
  frameHeaderBytes,
  recordHeaderBytes,
} from "../../src/stores/segment-log/segment-format.ts";
import type { FrameHeader } from "../../src/stores/segment-log/segment-format.ts";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import {
  createSampleKey,
  createSampleRecord,
  createSeededRandom,
  SampleWriter,
} from "../../src/testing/store-samples.ts";
import { MemoryDirectory } from "./memory-directory.ts";

const logs = ["hit", "other"] as const;
type LogName = (typeof logs)[number];
const roundCount = 12;
const samplesPerFile = 60;

interface Frame extends FrameHeader {
  readonly offset: number;
}

/** What a store showed before anything happened to its files. */
interface World {
  readonly directory: MemoryDirectory;
  readonly entries: Readonly<Record<LogName, readonly string[]>>;
  /** Frame of each entry, in the order of positions. */
  readonly revisions: Readonly<Record<LogName, readonly number[]>>;
  readonly newest: string;
  /** Of the newest segment. */
  readonly frames: readonly Frame[];
}

interface Shown {
  readonly entries: Readonly<Record<LogName, readonly string[]>>;
  readonly store: SegmentLogStore;
  readonly epoch: string | undefined;
}

const random = createSeededRandom(1);
let world: World;

function open(directory: MemoryDirectory, usesCheckpoint = true): Promise<SegmentLogStore> {
  const randomId = (length: number): string =>
    Array.from({ length }, () => random(36).toString(36)).join("");
  const system = { clock: new FakeClock(), randomId };
  return SegmentLogStore.open({ directory, system, segmentBytes: 4096, usesCheckpoint });
}

async function createWorld(): Promise<World> {
  const directory = new MemoryDirectory();
  const store = await open(directory);
  await store.createRecord(createSampleRecord("process"));
  const writers = { hit: writerOf(store, "hit"), other: writerOf(store, "other") };
  for (const name of logs) await writers[name].open();
  const revisions: Record<LogName, number[]> = { hit: [], other: [] };
  for (let round = 0; round < roundCount; round++)
    for (const name of logs) {
      await writers[name].append(`${name}${round}`.padEnd(150, "."));
      revisions[name].push(writers[name].revision as number);
    }
  const entries = { hit: await writers.hit.read(), other: await writers.other.read() };
  await store.checkpoint();
  const newest = [...directory.files.keys()]
    .filter((name) => name.endsWith(".segment") && isUsed(directory, name))
    .sort()
    .at(-1) as string;
  const copy = directory.copy();
  await store.close();
  return { directory: copy, entries, revisions, newest, frames: framesOf(copy, newest) };
}

function writerOf(store: SegmentLogStore, name: LogName): SampleWriter {
  return new SampleWriter(store, createSampleKey(name));
}

function isUsed(directory: MemoryDirectory, name: string): boolean {
  return decodeSegmentHeader(directory.require(name).bytes) !== undefined;
}

function framesOf(directory: MemoryDirectory, name: string): readonly Frame[] {
  const { bytes } = directory.require(name);
  const salt = decodeSegmentHeader(bytes)?.header.salt as number;
  const frames: Frame[] = [];
  for (let at = findFrame(bytes, 0, salt); at !== -1;) {
    const frame = decodeFrameHeader(bytes, at, salt) as FrameHeader;
    frames.push({ ...frame, offset: at });
    at = findFrame(bytes, at + frame.length, salt);
  }
  return frames;
}

async function show(directory: MemoryDirectory, usesCheckpoint?: boolean): Promise<Shown> {
  const store = await open(directory, usesCheckpoint);
  const entries = { hit: await readAll(store, "hit"), other: await readAll(store, "other") };
  const epoch = (await store.readRecord("process"))?.record.epoch;
  await store.close();
  return { entries, store, epoch };
}

/** Everything that pages show, which end where something is missing. */
async function readAll(store: SegmentLogStore, name: LogName): Promise<readonly string[]> {
  const writer = writerOf(store, name);
  const all: string[] = [];
  for (let page = await writer.read(); page.length > 0; page = await writer.read(lastOf(all)))
    all.push(...page);
  return all;
}

function lastOf(entries: readonly string[]): number {
  return Number(entries.at(-1)?.split(":")[0]);
}

function flip(bit: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    return bytes;
  };
}

function withoutCheckpoints(directory: MemoryDirectory): MemoryDirectory {
  const copy = directory.copy();
  for (const name of copy.files.keys()) if (name.endsWith(".checkpoint")) copy.files.delete(name);
  return copy;
}

function entriesUpTo(name: LogName, frame: number): readonly string[] {
  return world.entries[name].filter(
    (_, index) => (world.revisions[name][index] as number) <= frame,
  );
}

/** Where what counts of a frame ends: zeros fill it up to the next one. */
function endOf({ offset, tableOffset, recordCount }: Frame): number {
  return offset + tableOffset + recordCount * recordHeaderBytes;
}

/** Bits of the headers of a frame, all of them, and some of the rest of it. */
function bitsOf({ offset, length, tableOffset }: Frame): readonly number[] {
  const headers = [
    ...Array.from({ length: frameHeaderBytes * 8 }, (_, bit) => offset * 8 + bit),
    ...Array.from({ length: recordHeaderBytes * 8 }, (_, bit) => (offset + tableOffset) * 8 + bit),
  ];
  const others = Array.from({ length: samplesPerFile }, () => offset * 8 + random(length * 8));
  return [...headers, ...others];
}

beforeAll(async () => {
  world = await createWorld();
});

describe("a segment log whose files were changed", () => {
  it("shows the same with its checkpoint and without", async () => {
    const shown = await show(world.directory.copy());
    const scanned = await show(world.directory.copy(), false);

    expect(shown.entries).toEqual(world.entries);
    expect(scanned.entries).toEqual(world.entries);
    expect(scanned.store.damages).toEqual([]);
  });

  it("ends with the last whole frame where it was cut", async () => {
    const { newest, frames } = world;
    const directory = withoutCheckpoints(world.directory);
    const from = frames.at(-4) as Frame;
    const last = frames.at(-1) as Frame;
    for (let length = from.offset; length < last.offset + last.length; length++) {
      const cut = directory.copyWith(newest, (bytes) => bytes.subarray(0, length));
      const { entries, store, epoch } = await show(cut);

      const whole = frames.findLast((frame) => endOf(frame) <= length) as Frame;
      for (const name of logs) expect(entries[name]).toEqual(entriesUpTo(name, whole.number));
      expect([store.damages, epoch]).toEqual([[], "epoch1"]);
    }
  });

  it("reports a flipped bit where it is proven, and shows all that it does not hit", async () => {
    const { newest, frames, revisions } = world;
    const directory = withoutCheckpoints(world.directory);
    const frame = frames.find(({ number }) => revisions.hit.includes(number)) as Frame;
    const isHit = (_: string, index: number): boolean => revisions.hit[index] === frame.number;
    const rest = world.entries.hit.filter((entry, index) => !isHit(entry, index));
    for (const bit of bitsOf(frame)) {
      const { entries, store } = await show(directory.copyWith(newest, flip(bit)));

      expect(entries.other).toEqual(world.entries.other);
      if (store.damages.length === 0) expect(entries).toEqual(world.entries);
      else {
        expect(entries.hit).toEqual(rest);
        const [damage] = store.damages;
        expect(damage?.file).toBe(newest);
        expect(damage?.offset).toBeGreaterThanOrEqual(frame.offset);
        expect(damage?.offset).toBeLessThan(frame.offset + frame.length);
      }
    }
  });

  it("gives open processes new epochs where nobody can say what is gone", async () => {
    const { newest, frames } = world;
    const directory = withoutCheckpoints(world.directory);
    const bit = ((frames.at(1) as Frame).offset + 4) * 8;
    const { store, epoch } = await show(directory.copyWith(newest, flip(bit)));

    expect(store.damages.map(({ loss }) => loss)).toContain("unknown");
    expect(epoch).not.toBe("epoch1");
  });

  it("takes a flipped bit behind the last proof for a torn write", async () => {
    const { newest, frames } = world;
    const directory = withoutCheckpoints(world.directory);
    const last = frames.at(-1) as Frame;
    for (const bit of bitsOf(last)) {
      const { entries, store, epoch } = await show(directory.copyWith(newest, flip(bit)));

      const isTorn = entries.hit.length + entries.other.length < roundCount * 2;
      const shown = isTorn ? last.number - 1 : last.number;
      for (const name of logs) expect(entries[name]).toEqual(entriesUpTo(name, shown));
      expect([store.damages, epoch]).toEqual([[], "epoch1"]);
    }
  });

  it("needs no index and no checkpoint to be right", async () => {
    const names = [...world.directory.files.keys()];
    const derived = names.filter((name) => /\.(index|checkpoint)$/.test(name));
    expect(derived.length).toBeGreaterThan(1);
    for (const name of derived) {
      const bits = world.directory.require(name).bytes.byteLength * 8;
      for (let sample = 0; sample < samplesPerFile; sample++) {
        const changed = world.directory.copyWith(name, flip(random(bits)));
        const { entries, store } = await show(changed);

        expect([entries, store.damages]).toEqual([world.entries, []]);
      }
    }
  });

  it("needs one of the two copies of a segment's header", async () => {
    for (const offset of [0, 512])
      for (let bit = offset * 8; bit < (offset + 72) * 8; bit++) {
        const { entries, store } = await show(world.directory.copyWith(world.newest, flip(bit)));

        expect(entries).toEqual(world.entries);
        expect(store.damages.map(({ loss }) => loss)).toEqual(["nothing"]);
      }
  });
});
