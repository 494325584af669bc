import { StoreRejection } from "../core/store.ts";
import { rejectionOf, requireEqual, requireTrue } from "./assertion.ts";
import { Notes } from "./notes.ts";
import { createSampleRecord } from "./store-samples.ts";
import type { StoreCase } from "./store-suite.ts";

/** Errors of a store are rejections of the given kind and nothing else. */
export async function requireRejection(
  promise: Promise<unknown>,
  kind: StoreRejection["kind"],
  what: string,
): Promise<StoreRejection> {
  const error = await rejectionOf(promise, what);
  requireTrue(
    error instanceof StoreRejection,
    `${what}: rejects with a StoreRejection, not ${String(error)}`,
  );
  requireEqual((error as StoreRejection).kind, kind, `${what}: kind of rejection`);
  return error as StoreRejection;
}

export const recordCases: readonly StoreCase[] = [
  {
    name: "keeps a record as it was given, and nothing for an id that has none",
    async run(world) {
      const record = createSampleRecord("a", {
        cancelRequest: { by: "x", at: 5 },
        outcome: { status: "failed", error: "e", exitCode: 3 },
      });
      const revision = await world.store.createRecord(record);
      await world.reopen();
      requireEqual(await world.store.readRecord("a"), { record, revision }, "record");
      requireEqual(await world.store.readRecord("b"), undefined, "no record");
    },
  },
  {
    name: "creates a record only where there is none",
    async run({ store }) {
      await store.createRecord(createSampleRecord("a"));
      await requireRejection(
        store.createRecord(createSampleRecord("a", { label: "other" })),
        "conflict",
        "second create",
      );
      requireEqual((await store.readRecord("a"))?.record.label, "sample", "label after a conflict");
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, () => store.createRecord(createSampleRecord("b"))),
      );
      requireEqual(
        results.filter(({ status }) => status === "fulfilled").length,
        1,
        "winners of ten creates",
      );
    },
  },
  {
    name: "updates and deletes a record at exactly its revision",
    async run(world) {
      const first = await world.store.createRecord(createSampleRecord("a"));
      const second = await world.store.updateRecord(createSampleRecord("a", { term: 2 }), first);
      await world.reopen();
      const { store } = world;
      await requireRejection(
        store.updateRecord(createSampleRecord("a", { term: 9 }), first),
        "conflict",
        "stale update",
      );
      await requireRejection(store.deleteRecord("a", first), "conflict", "stale delete");
      requireEqual((await store.readRecord("a"))?.record.term, 2, "term after stale writes");
      await store.deleteRecord("a", second);
      requireEqual(await store.readRecord("a"), undefined, "deleted record");
      await requireRejection(
        store.updateRecord(createSampleRecord("a"), second),
        "conflict",
        "update of a deleted record",
      );
      await requireRejection(store.deleteRecord("a", second), "conflict", "second delete");
    },
  },
  {
    name: "never gives a revision twice, also not after a delete",
    async run(world) {
      const first = await world.store.createRecord(createSampleRecord("a"));
      await world.store.deleteRecord("a", first);
      await world.reopen();
      const second = await world.store.createRecord(createSampleRecord("a"));
      requireTrue(first !== second, "the revision of a re-created record is another one");
      await requireRejection(
        world.store.updateRecord(createSampleRecord("a"), first),
        "conflict",
        "update at the old life's revision",
      );
    },
  },
  {
    name: "lists records in order of id, page by page, each once",
    async run(world) {
      for (const id of ["b", "d", "a", "c", "B"])
        await world.store.createRecord(createSampleRecord(id));
      await world.reopen();
      const page = async (after: string, limit: number): Promise<readonly string[]> =>
        (await world.store.listRecords({ after, limit })).map(({ record }) => record.id);
      requireEqual(await page("", 3), ["B", "a", "b"], "first page");
      requireEqual(await page("b", 3), ["c", "d"], "second page");
      requireEqual(await page("bb", 1), ["c"], "page after an id that is not there");
      requireEqual(await page("d", 3), [], "page after the last");
      const b = await world.store.readRecord("b");
      await world.store.deleteRecord("b", b?.revision ?? "");
      requireEqual(await page("", 9), ["B", "a", "c", "d"], "list after a delete");
    },
  },
  {
    name: "tells followers of records what changes, in order, until they leave",
    async run({ store }) {
      const seen = new Notes<string>();
      const unfollow = store.followRecords((id, stored) =>
        seen.add(`${id}:${stored?.record.term ?? "gone"}`),
      );
      const first = await store.createRecord(createSampleRecord("a"));
      const second = await store.updateRecord(createSampleRecord("a", { term: 2 }), first);
      await store.deleteRecord("a", second);
      await seen.until(({ length }) => length >= 3);
      unfollow();
      await store.createRecord(createSampleRecord("b"));
      requireEqual(seen.items, ["a:1", "a:2", "a:gone"], "what a follower heard");
    },
  },
];
