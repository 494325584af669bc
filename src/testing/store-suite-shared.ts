import { StoreRejection } from "../core/store.ts";
import type { Commit, StoreManifest } from "../core/store.ts";
import { requireEqual, requireTrue } from "./assertion.ts";
import { Notes } from "./notes.ts";
import { createSampleRecord, SampleWriter } from "./store-samples.ts";
import type { StoreCase, StoreWorld } from "./store-suite.ts";
import { requireRejection } from "./store-suite-records.ts";

const isFor = ({ shared }: StoreManifest): boolean => shared;
const all = { entriesMax: Infinity, bytesMax: Infinity };

/** The other writer may be faster that many times in a row. */
const attemptsMax = 1_000;

async function createPair(world: StoreWorld): Promise<readonly [SampleWriter, SampleWriter]> {
  const beside = await world.openBeside();
  const first = await new SampleWriter(world.store).open();
  return [first, await SampleWriter.resume(beside, first.key)];
}

/** What two stores on the same records and logs owe each other. */
export const sharedCases: readonly StoreCase[] = [
  {
    name: "shows a record to another store as soon as it is acknowledged",
    isFor,
    async run(world) {
      const beside = await world.openBeside();
      const first = await world.store.createRecord(createSampleRecord("a"));
      requireEqual((await beside.readRecord("a"))?.revision, first, "revision beside");
      await requireRejection(
        beside.createRecord(createSampleRecord("a")),
        "conflict",
        "a second create, beside",
      );
      const second = await beside.updateRecord(createSampleRecord("a", { term: 2 }), first);
      await requireRejection(
        world.store.updateRecord(createSampleRecord("a", { term: 9 }), first),
        "conflict",
        "an update at a revision that was replaced beside",
      );
      requireEqual((await world.store.readRecord("a"))?.record.term, 2, "term");
      await world.store.createRecord(createSampleRecord("b"));
      const listed = await beside.listRecords({ after: "", limit: 9 });
      requireEqual(
        listed.map(({ record }) => record.id),
        ["a", "b"],
        "records listed beside",
      );
      await world.store.deleteRecord("a", second);
      requireEqual(await beside.readRecord("a"), undefined, "a deleted record, beside");
      requireEqual(
        (await beside.listRecords({ after: "", limit: 9 })).map(({ record }) => record.id),
        ["b"],
        "records listed after a delete",
      );
    },
  },
  {
    name: "takes one of many creates and updates of a record that come through two stores at once",
    isFor,
    async run(world) {
      const stores = [world.store, await world.openBeside()];
      const count = async (calls: readonly Promise<unknown>[]): Promise<number> =>
        (await Promise.allSettled(calls)).filter(({ status }) => status === "fulfilled").length;
      const twice = [...stores, ...stores, ...stores];
      const creates = twice.map((store) => store.createRecord(createSampleRecord("a")));
      requireEqual(await count(creates), 1, "creates");
      const revision = (await world.store.readRecord("a"))?.revision ?? "";
      const updates = twice.map((store, term) =>
        store.updateRecord(createSampleRecord("a", { term }), revision),
      );
      requireEqual(await count(updates), 1, "updates");
    },
  },
  {
    name: "visits every record, also those that were written beside",
    isFor,
    async run({ store, openBeside }) {
      const beside = await openBeside();
      const ids = Array.from({ length: 40 }, (_, n) => `p${String(n).padStart(2, "0")}`);
      await Promise.all(ids.map((id) => beside.createRecord(createSampleRecord(id))));
      const gone = await store.readRecord("p07");
      await store.deleteRecord("p07", gone?.revision ?? "");
      const visited = new Set<string>();
      await store.visitRecords?.(({ record }) => visited.add(record.id));
      if (store.visitRecords === undefined) return;
      requireEqual(
        [...visited].sort(),
        ids.filter((id) => id !== "p07"),
        "visited records",
      );
    },
  },
  {
    name: "gives closed processes in the order in which they closed, through each store",
    isFor,
    async run({ store, openBeside }) {
      const beside = await openBeside();
      for (const [index, id] of ["c", "a", "b", "open"].entries()) {
        const revision = await store.createRecord(createSampleRecord(id));
        if (id === "open") continue;
        const closed = createSampleRecord(id, { state: "closed", closedAt: index + 1 });
        await beside.updateRecord(closed, revision);
      }
      for (const { closedProcesses } of [store, beside]) {
        if (closedProcesses === undefined) return;
        const taken: string[] = [];
        const takeUntil = async (until: number): Promise<void> => {
          const first = await closedProcesses.takeFirst(until);
          if (first === undefined) return;
          taken.push(first.id);
          await takeUntil(until);
        };
        await takeUntil(2);
        requireEqual(taken, ["c", "a"], "processes that closed until then");
        await takeUntil(Infinity);
        requireEqual(taken, ["c", "a", "b"], "all that are closed");
      }
    },
  },
  {
    name: "takes one of two appends at one revision, and shows it to the other as the next commit",
    isFor,
    async run(world) {
      const [first, second] = await createPair(world);
      const before = first.revision ?? "";
      await first.append("a");
      await requireRejection(
        second.commit(second.createData(["b"])),
        "conflict",
        "an append at a head that has moved on beside",
      );
      const beside = await world.openBeside();
      const head = await beside.readHead(first.key);
      requireEqual(head?.revision, first.revision, "revision of a store opened later");
      requireEqual(
        (await beside.readAfter(first.key, 0, all)).map(({ position }) => position),
        [1],
        "entries",
      );
      const commits = await beside.readCommits(first.key, before);
      if (commits !== undefined)
        requireEqual(
          commits.map(({ revision }) => revision),
          [first.revision],
          "commits",
        );
    },
  },
  {
    name: "gives two writers of one channel one log, however they race",
    isFor,
    async run(world) {
      const writers = await createPair(world);
      const sent = await Promise.all(
        writers.map(async (writer, index) => {
          for (let count = 0; count < 25; count++) await sendThrough(writer, `${index}.${count}`);
        }),
      );
      requireEqual(sent.length, 2, "writers");
      const [first, second] = writers;
      const log = await first.read();
      requireEqual(await second.read(), log, "the log as the other store has it");
      requireEqual(log.length, 50, "entries");
      for (const index of [0, 1]) {
        const own = log.filter((line) => line.split(":")[1]?.startsWith(`${index}.`));
        const expected = Array.from({ length: 25 }, (_, count) => `${index}.${count}`);
        requireEqual(
          own.map((line) => line.split(":")[1]),
          expected,
          `entries of writer ${index}`,
        );
      }
    },
  },
  {
    name: "reads entries that were appended, and leaves out what was trimmed, beside",
    isFor,
    async run(world) {
      const [first, second] = await createPair(world);
      await first.append("a", "b");
      requireEqual(await second.read(), ["1:a", "2:b"], "entries beside");
      await first.commit(first.createData(["c"], { logicalFirst: 3, trimmedBytes: 130 }));
      await world.store.trim(first.key);
      requireEqual(await second.read(2), ["3:c"], "entries beside after a trim");
    },
  },
  {
    name: "tells followers of a channel what is committed beside, in order, each once",
    isFor,
    async run(world) {
      const [first, second] = await createPair(world);
      const heard = new Notes<Commit>();
      const unfollow = world.store.follow(first.key, heard.add);
      // Whoever follows reads the head before relying on what is told.
      await world.store.readHead(first.key);
      for (let count = 0; count < 20; count++) await second.append(`${count}`);
      await heard.until(({ length }) => length >= 20);
      unfollow();
      requireEqual(
        heard.items.map(({ batch }) => batch.first),
        Array.from({ length: 20 }, (_, index) => index + 1),
        "first positions of the commits",
      );
      requireEqual(heard.items.at(-1)?.revision, second.revision, "revision of the last");
    },
  },
  {
    name: "tells followers of records what changes beside",
    isFor,
    async run(world) {
      const beside = await world.openBeside();
      const heard = new Notes<string>();
      const unfollow = world.store.followRecords((id, stored) =>
        heard.add(`${id}:${stored?.record.term ?? "gone"}`),
      );
      const first = await beside.createRecord(createSampleRecord("a"));
      const second = await beside.updateRecord(createSampleRecord("a", { term: 2 }), first);
      await heard.until((items) => items.includes("a:2"));
      await beside.deleteRecord("a", second);
      await heard.until((items) => items.includes("a:gone"));
      unfollow();
      requireEqual(heard.items.slice(-2), ["a:2", "a:gone"], "the end of what was heard");
    },
  },
  {
    name: "removes for all stores a log that was tombstoned beside",
    isFor,
    async run(world) {
      const [first, second] = await createPair(world);
      await first.append("secret");
      await second.store.readHead(first.key);
      const end = await SampleWriter.resume(second.store, first.key);
      await end.commit(end.createBatch("tombstone", { term: 2 }));
      await second.store.removeLog(first.key);
      requireEqual(await first.read(), [], "entries of a log that was removed beside");
      await requireRejection(
        first.commit(first.createData(["late"])),
        "conflict",
        "an append at the head before the tombstone",
      );
    },
  },
  {
    name: "tells other stores of executors that are heard",
    isFor,
    async run(world) {
      const beside = await world.openBeside();
      const heard = new Notes<string>();
      const unfollow = world.store.followHeard?.({
        heard: (processId, term) => heard.add(`${processId}:${term}`),
        missed: () => undefined,
      });
      requireTrue(beside.tellHeard !== undefined, "a shared store tells");
      beside.tellHeard?.("a", 3);
      await heard.until(({ length }) => length > 0);
      unfollow?.();
      requireEqual(heard.items, ["a:3"], "what was heard");
    },
  },
];

/** Appends one entry as a broker does that loses to another: it looks at the head again. */
async function sendThrough(writer: SampleWriter, payload: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await writer.append(payload);
      return;
    } catch (error) {
      if (!(error instanceof StoreRejection) || error.kind !== "conflict") throw error;
      requireTrue(attempt < attemptsMax, `a writer gets in after ${attemptsMax} attempts`);
      await writer.takeHead();
    }
  }
}
