import type { Store } from "../core/store.ts";
import { requireEqual, requireTrue } from "./assertion.ts";
import { createSampleEntry, createSampleKey, SampleWriter } from "./store-samples.ts";
import type { StoreCase } from "./store-suite.ts";
import { requireRejection } from "./store-suite-records.ts";

const MiB = 1024 * 1024;

export const logCases: readonly StoreCase[] = [
  {
    name: "reads after any position, in order, bounded by count and bytes",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      await writer.append("a", "b");
      await writer.append("c");
      await writer.append("d", "e");
      await world.reopen();
      const reader = new SampleWriter(world.store, writer.key);
      requireEqual(await reader.read(), ["1:a", "2:b", "3:c", "4:d", "5:e"], "all");
      requireEqual(await reader.read(3), ["4:d", "5:e"], "after 3");
      requireEqual(
        await reader.read(1, { entriesMax: 2, bytesMax: Infinity }),
        ["2:b", "3:c"],
        "two after 1",
      );
      requireEqual(
        await reader.read(0, { entriesMax: Infinity, bytesMax: 130 }),
        ["1:a", "2:b"],
        "130 bytes",
      );
      requireEqual(
        await reader.read(2, { entriesMax: Infinity, bytesMax: 1 }),
        ["3:c"],
        "at least one entry",
      );
      requireEqual(await reader.read(5), [], "after the last");
      requireEqual(await reader.read(99), [], "beyond the end");
      requireEqual(
        await reader.read(-3, { entriesMax: 1, bytesMax: 1 }),
        ["1:a"],
        "after a negative position",
      );
      requireEqual(
        await new SampleWriter(world.store, createSampleKey("none")).read(),
        [],
        "of an unknown channel",
      );
    },
  },
  {
    name: "keeps every field of an entry, and payloads of 0 bytes and of 10 MiB byte for byte",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      const large = Uint8Array.from(
        { length: Math.min(10 * MiB, world.store.manifest.batchBytesMax - 64) },
        (_, i) => (i * 31) % 251,
      );
      const entry = {
        ...createSampleEntry(1, new Uint8Array(0)),
        sequence: -5,
        inReplyTo: 7,
        replyTo: 2 ** 40,
        type: "a.b",
        error: "é\n\u0000",
        producer: "",
      } as const;
      await writer.commit(writer.createBatch("data", { entries: [entry] }));
      await writer.append(large);
      await world.reopen();
      const [first, second] = await world.store.readAfter(writer.key, 0, {
        entriesMax: 9,
        bytesMax: Infinity,
      });
      requireEqual(
        { ...first, payload: first?.payload.byteLength },
        { ...entry, payload: 0 },
        "entry",
      );
      requireEqual(second?.payload.byteLength, large.byteLength, "length of the large payload");
      requireTrue(
        second?.payload.every((byte, i) => byte === large[i]) === true,
        "the large payload is the same byte for byte",
      );
    },
  },
  {
    name: "keeps channels apart, of one life and of two",
    async run(world) {
      const writers = [
        createSampleKey("l1", "a"),
        createSampleKey("l1", "b"),
        createSampleKey("l2", "a"),
      ].map((key) => new SampleWriter(world.store, key));
      for (const writer of writers) await writer.open();
      await Promise.all(writers.map((writer, i) => writer.append(`only ${i}`)));
      await world.reopen();
      for (const [i, { key }] of writers.entries())
        requireEqual(
          await new SampleWriter(world.store, key).read(),
          [`1:only ${i}`],
          `channel ${i}`,
        );
    },
  },
  {
    name: "takes many appends to different channels at once",
    async run({ store }) {
      const writers = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          new SampleWriter(store, createSampleKey(`l${i}`)).open(),
        ),
      );
      await Promise.all(writers.map((writer) => writer.append("x", "y")));
      for (const writer of writers) requireEqual((await writer.read()).length, 2, "entries");
    },
  },
  {
    name: "hides what was trimmed at once, and gives the space back when asked to",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      await writer.append("aa", "bb");
      await writer.append("cc");
      const before = world.store.keptBytes();
      await writer.commit(writer.createData(["dd"], { logicalFirst: 3, trimmedBytes: 132 }));
      requireEqual(await writer.read(), ["3:cc", "4:dd"], "after a trim");
      await world.store.trim(writer.key);
      await world.store.trim(writer.key);
      await world.reopen();
      requireEqual(
        await new SampleWriter(world.store, writer.key).read(1),
        ["3:cc", "4:dd"],
        "after its space was given back",
      );
      requireTrue(world.store.keptBytes() <= before + 66, "trimming gives bytes back");
      await world.store.trim(createSampleKey("none"));
    },
  },
  {
    name: "keeps the head of a log that was trimmed to nothing",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      await writer.append("a", "b");
      await writer.commit(writer.createBatch("fence", { logicalFirst: 3, trimmedBytes: 130 }));
      await world.store.trim(writer.key);
      await world.reopen();
      const head = (await world.store.readHead(writer.key))?.head;
      requireEqual([head?.first, head?.last], [3, 2], "first and last");
    },
  },
  {
    name: "removes a tombstoned log for good: another life of the process sees nothing of it",
    async run(world) {
      const writer = await new SampleWriter(world.store, createSampleKey("l1")).open();
      await writer.append("secret".repeat(1_000));
      await requireRejection(
        world.store.removeLog(writer.key),
        "conflict",
        "removal of a log that lives",
      );
      await writer.commit(writer.createBatch("tombstone", { term: 2 }));
      await world.store.removeLog(writer.key);
      await world.store.removeLog(writer.key);
      requireTrue(world.store.keptBytes() <= 1_000, "the space of a removed log is given back");
      await world.reopen();
      requireEqual(
        await new SampleWriter(world.store, writer.key).read(),
        [],
        "entries of a removed log",
      );
      const next = await new SampleWriter(world.store, createSampleKey("l2")).open();
      requireEqual(await next.read(), [], "entries of the next life");
      await next.append("new");
      requireEqual(await next.read(), ["1:new"], "entries of the next life");
    },
  },
  {
    name: "does not change what it is given",
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      const batch = writer.createData(["a"], {
        producers: [{ senderId: "s", producer: "p", max: 1, holes: [], floor: 0, lastUsedAt: 0 }],
      });
      const before = JSON.stringify(batch);
      await writer.commit(batch);
      await writer.append("b");
      requireEqual(JSON.stringify(batch), before, "batch after its append");
    },
  },
  {
    name: "rejects everything with `failed` once it is closed, and may be closed twice",
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      await store.close();
      await store.close();
      const { key, revision } = writer;
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        readRecord: () => store.readRecord("a"),
        listRecords: () => store.listRecords({ after: "", limit: 1 }),
        readHead: () => store.readHead(key),
        append: () => store.append(key, writer.createData(["x"]), revision),
        readAfter: () => store.readAfter(key, 0, { entriesMax: 1, bytesMax: 1 }),
        trim: () => store.trim(key),
        removeLog: () => store.removeLog(key),
      };
      for (const [name, call] of Object.entries(calls))
        await requireRejection(call(), "failed", `${name} after close`);
    },
  },
  {
    name: "forgets nothing over a close and another open",
    isFor: ({ durable }) => durable,
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      for (let i = 0; i < 100; i++) await writer.append(`entry ${i}`);
      await world.reopen();
      requireEqual((await countEntries(world.store, writer)).length, 100, "entries");
    },
  },
];

function countEntries(store: Store, { key }: SampleWriter): Promise<readonly string[]> {
  return new SampleWriter(store, key).read();
}
