import { applyBatch } from "../core/channel-head.ts";
import { isChannelError } from "../core/errors.ts";
import type { Batch, Store } from "../core/store.ts";
import { requireEqual, requireTrue } from "./assertion.ts";
import { Notes } from "./notes.ts";
import { createSampleKey, SampleWriter } from "./store-samples.ts";
import type { StoreCase } from "./store-suite.ts";
import { requireRejection } from "./store-suite-records.ts";

async function requireRefused(
  store: Store,
  writer: SampleWriter,
  batch: Batch,
  code: "process_closed" | "executor_fenced" | "batch_too_large",
): Promise<void> {
  const before = await store.readHead(writer.key);
  const rejection = await requireRejection(
    store.append(writer.key, batch, writer.revision),
    "refused",
    `${batch.kind} that gets ${code}`,
  );
  requireTrue(isChannelError(rejection.cause, code), `the refusal is caused by ${code}`);
  requireEqual(
    (await store.readHead(writer.key))?.revision,
    before?.revision,
    "revision after a refusal",
  );
}

export const headCases: readonly StoreCase[] = [
  {
    name: "knows no head before an opening batch",
    async run({ store }) {
      requireEqual(await store.readHead(createSampleKey()), undefined, "head");
      const writer = new SampleWriter(store);
      await requireRejection(
        store.append(writer.key, writer.createData(["x"]), undefined),
        "conflict",
        "data without a log",
      );
      await requireRejection(
        store.append(writer.key, writer.createBatch("seal"), undefined),
        "conflict",
        "seal without a log",
      );
      requireEqual(await store.readHead(writer.key), undefined, "head after conflicts");
    },
  },
  {
    name: "carries everything of the head: positions, bytes, trims, marks, producers, term, epoch, seal",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      const holes = [[2, 4]] as const;
      const producer = { senderId: "s", producer: "", max: 5, holes, floor: -7, lastUsedAt: 99 };
      await writer.commit(
        writer.createData(["a", "b", "c"], {
          producers: [producer, { ...producer, producer: "x", holes: [] }],
          marks: [{ position: 2, cumulativeBytes: 130 }],
        }),
      );
      await writer.commit(
        writer.createData(["d"], {
          logicalFirst: 2,
          trimmedBytes: 65,
          forgottenProducers: [{ senderId: "s", producer: "x" }],
        }),
      );
      await writer.commit(writer.createBatch("fence", { term: 3 }));
      await writer.commit(
        writer.createBatch("seal", {
          term: 4,
          outcome: { status: "failed", error: "why", exitCode: 7 },
        }),
      );
      await world.reopen();
      const stored = await world.store.readHead(writer.key);
      const plain = ({ producers, ...head }: typeof writer.head): unknown => ({
        ...head,
        producers: [...producers],
      });
      requireTrue(stored !== undefined, "there is a head");
      if (stored !== undefined) requireEqual(plain(stored.head), plain(writer.head), "head");
      requireEqual(stored?.revision, writer.revision, "revision");
    },
  },
  {
    name: "hands out a head that the caller may change without changing the store's",
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      await writer.append("a");
      const stored = await store.readHead(writer.key);
      if (stored !== undefined)
        applyBatch(
          stored.head,
          writer.createData(["b"], {
            producers: [
              { senderId: "z", producer: "", max: 1, holes: [], floor: 0, lastUsedAt: 0 },
            ],
          }),
        );
      const again = await store.readHead(writer.key);
      requireEqual(
        [again?.head.last, again?.head.producers.size],
        [1, 0],
        "last position and producers",
      );
    },
  },
  {
    name: "appends at exactly the expected revision",
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      const opened = writer.revision;
      await writer.append("a");
      await requireRejection(
        store.append(writer.key, writer.createData(["b"]), opened),
        "conflict",
        "append at a stale revision",
      );
      await requireRejection(
        store.append(writer.key, writer.createBatch("open"), undefined),
        "conflict",
        "second opening",
      );
      await requireRejection(
        store.append(writer.key, writer.createBatch("tombstone"), undefined),
        "conflict",
        "tombstone that expects no log",
      );
      requireEqual(await writer.read(), ["1:a"], "entries");
      const racing = Array.from({ length: 10 }, (_, i) =>
        store.append(writer.key, writer.createData([`r${i}`]), writer.revision),
      );
      const results = await Promise.allSettled(racing);
      requireEqual(
        results.filter(({ status }) => status === "fulfilled").length,
        1,
        "winners of ten appends at one revision",
      );
      requireEqual((await writer.read()).length, 2, "entries after the race");
    },
  },
  {
    name: "takes a tombstone as the first batch, so that a late opening cannot revive a deleted log",
    async run(world) {
      const writer = new SampleWriter(world.store);
      await writer.commit(writer.createBatch("tombstone", { term: 2 }));
      await world.reopen();
      await requireRejection(
        world.store.append(writer.key, writer.createBatch("open"), undefined),
        "conflict",
        "opening after a tombstone",
      );
      requireEqual((await world.store.readHead(writer.key))?.head.isDeleted, true, "deleted");
    },
  },
  {
    name: "refuses a term below the head's, and takes the same or a higher one",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      await writer.commit(writer.createBatch("fence", { term: 5 }));
      await world.reopen();
      await requireRefused(
        world.store,
        writer,
        writer.createData(["late"], { term: 4 }),
        "executor_fenced",
      );
      await requireRefused(
        world.store,
        writer,
        writer.createBatch("fence", { term: 4 }),
        "executor_fenced",
      );
      const fresh = new SampleWriter(world.store, writer.key);
      fresh.revision = (await world.store.readHead(writer.key))?.revision;
      await fresh.commit(fresh.createData(["same"], { term: 5 }));
      await fresh.commit(fresh.createData(["higher"], { term: 6 }));
      requireEqual((await world.store.readHead(writer.key))?.head.term, 6, "term");
    },
  },
  {
    name: "refuses everything but a tombstone after a seal, and everything after a tombstone",
    async run(world) {
      const writer = await new SampleWriter(world.store).open();
      await writer.append("a");
      await writer.commit(writer.createBatch("seal", { outcome: { status: "success" } }));
      await world.reopen();
      for (const kind of ["fence", "seal", "open"] as const)
        await requireRefused(world.store, writer, writer.createBatch(kind), "process_closed");
      await requireRefused(world.store, writer, writer.createData(["late"]), "process_closed");
      requireEqual(
        (await world.store.readAfter(writer.key, 0, { entriesMax: 9, bytesMax: 1e6 })).length,
        1,
        "entries behind the seal",
      );
      const end = new SampleWriter(world.store, writer.key);
      end.revision = (await world.store.readHead(writer.key))?.revision;
      await end.commit(end.createBatch("tombstone", { first: 2 }));
      for (const kind of ["fence", "seal", "tombstone"] as const)
        await requireRefused(world.store, end, end.createBatch(kind), "process_closed");
    },
  },
  {
    name: "refuses a batch above its limit, and takes one of exactly that size",
    isFor: ({ batchBytesMax }) => batchBytesMax < 64 * 1024 * 1024,
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      const { batchBytesMax } = store.manifest;
      await requireRefused(
        store,
        writer,
        writer.createData([new Uint8Array(batchBytesMax)]),
        "batch_too_large",
      );
      await writer.append(new Uint8Array(batchBytesMax - 64));
      requireEqual((await store.readHead(writer.key))?.head.last, 1, "last position");
    },
  },
  {
    name: "tells what was committed after a revision, in full and in order, or that it no longer can",
    async run({ store }) {
      const writer = await new SampleWriter(store).open();
      const opened = writer.revision ?? "";
      await writer.append("a");
      await writer.commit(writer.createBatch("fence", { term: 2 }));
      await writer.append("b", "c");
      const commits = await store.readCommits(writer.key, opened);
      if (commits !== undefined) {
        requireEqual(
          commits.map(({ batch }) => [batch.kind, batch.entries.length]),
          [
            ["data", 1],
            ["fence", 0],
            ["data", 2],
          ],
          "commits",
        );
        requireEqual(commits.at(-1)?.revision, writer.revision, "revision of the last commit");
      }
      requireEqual(
        await store.readCommits(writer.key, writer.revision ?? ""),
        [],
        "commits after the last",
      );
      for (let i = 0; i < 2_000; i++) await writer.append("x");
      const many = await store.readCommits(writer.key, opened);
      requireTrue(
        many === undefined || many.length === 2_003,
        "all commits or none, never a part of them",
      );
    },
  },
  {
    name: "tells followers of a channel every commit, once and in order, until they leave",
    async run({ store }) {
      const writer = new SampleWriter(store);
      const seen = new Notes<string>();
      const unfollow = store.follow(writer.key, ({ batch, key }) =>
        seen.add(`${key.channel}:${batch.kind}:${batch.first}`),
      );
      const left = store.follow(writer.key, () => seen.add("one that has left"));
      left();
      await writer.open();
      await writer.append("a", "b");
      await new SampleWriter(store, createSampleKey("life", "other")).open();
      await writer.commit(writer.createBatch("seal", { outcome: { status: "success" } }));
      await seen.until(({ length }) => length >= 3);
      unfollow();
      requireEqual(seen.items, ["out:open:1", "out:data:1", "out:seal:3"], "what a follower heard");
    },
  },
];
