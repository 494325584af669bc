import type { ProcessRecord } from "../../src/core/process-record.ts";
import { copyHead } from "../../src/core/channel-head.ts";
import { StoreRejection } from "../../src/core/store.ts";
import type {
  Batch,
  ChannelKey,
  Commit,
  Revision,
  Store,
  StoredHead,
  StoredRecord,
} from "../../src/core/store.ts";
import { MemoryStore } from "../../src/stores/memory/memory-store.ts";

type Change = (inner: MemoryStore) => Partial<Store>;

/** A store that is right but for what `change` replaces. */
function withBug(change: Change): () => Store {
  return () => {
    const inner = new MemoryStore({ batchBytesMax: 100_000 });
    const replaced = change(inner);
    return new Proxy<Store>(inner, {
      get(target, name: keyof Store) {
        const value: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof value === "function"
          ? (value as (...args: unknown[]) => unknown).bind(target)
          : value;
      },
    });
  };
}

async function currentRevision(inner: MemoryStore, key: ChannelKey): Promise<Revision | undefined> {
  return (await inner.readHead(key))?.revision;
}

async function changedHead(
  inner: MemoryStore,
  key: ChannelKey,
  change: (head: StoredHead["head"]) => void,
): Promise<StoredHead | undefined> {
  const stored = await inner.readHead(key);
  if (stored !== undefined) change(stored.head);
  return stored;
}

/** Stores with one planted bug each: the suite must catch every one of them. */
export const oneBugStores: Readonly<Record<string, () => Store>> = {
  "appends whatever the revision": withBug((inner) => ({
    append: async (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(
        key,
        batch,
        expected === undefined ? undefined : await currentRevision(inner, key),
      ),
  })),
  "updates a record whatever its revision": withBug((inner) => ({
    updateRecord: async (record: ProcessRecord, expected: Revision) =>
      inner.updateRecord(record, (await inner.readRecord(record.id))?.revision ?? expected),
  })),
  "deletes a record whatever its revision": withBug((inner) => ({
    deleteRecord: async (id: string, expected: Revision) =>
      inner.deleteRecord(id, (await inner.readRecord(id))?.revision ?? expected),
  })),
  "replaces a record at a second create": withBug((inner) => ({
    createRecord: async (record: ProcessRecord) => {
      const stored = await inner.readRecord(record.id);
      return stored === undefined
        ? inner.createRecord(record)
        : inner.updateRecord(record, stored.revision);
    },
  })),
  "gives a revision again after a delete": withBug((inner) => {
    const outer = new Map<Revision, Revision>();
    const counts = new Map<string, number>();
    return {
      createRecord: async (record: ProcessRecord) => {
        const revision = await inner.createRecord(record);
        counts.set(record.id, 1);
        outer.set(`${record.id}1`, revision);
        return `${record.id}1`;
      },
      updateRecord: async (record: ProcessRecord, expected: Revision) => {
        const count = (counts.get(record.id) ?? 0) + 1;
        const revision = await inner.updateRecord(record, outer.get(expected) ?? expected);
        counts.set(record.id, count);
        outer.set(`${record.id}${count}`, revision);
        return `${record.id}${count}`;
      },
      readRecord: async (id: string) => {
        const stored = await inner.readRecord(id);
        return stored && { ...stored, revision: `${id}${counts.get(id) ?? 0}` };
      },
      deleteRecord: (id: string, expected: Revision) =>
        inner.deleteRecord(id, outer.get(expected) ?? expected),
    };
  }),
  "lists the record that the page begins after": withBug((inner) => ({
    listRecords: async ({ after, limit }: { after: string; limit: number }) => {
      const stored = after === "" ? undefined : await inner.readRecord(after);
      return [
        ...(stored === undefined ? [] : [stored]),
        ...(await inner.listRecords({ after, limit })),
      ].slice(0, limit);
    },
  })),
  "lists records in order of creation": withBug((inner) => {
    const ids: string[] = [];
    return {
      createRecord: (record: ProcessRecord) => {
        ids.push(record.id);
        return inner.createRecord(record);
      },
      listRecords: async ({ after, limit }: { after: string; limit: number }) => {
        const all = await Promise.all(
          ids.filter((id) => id > after).map((id) => inner.readRecord(id)),
        );
        return all.filter((stored): stored is StoredRecord => stored !== undefined).slice(0, limit);
      },
    };
  }),
  "reads from the position itself": withBug((inner) => ({
    readAfter: (key: ChannelKey, after: number, limits: { entriesMax: number; bytesMax: number }) =>
      inner.readAfter(key, Math.max(0, after - 1), limits),
  })),
  "reads nothing where the first entry is over the byte limit": withBug((inner) => ({
    readAfter: async (
      key: ChannelKey,
      after: number,
      limits: { entriesMax: number; bytesMax: number },
    ) => (limits.bytesMax < 65 ? [] : inner.readAfter(key, after, limits)),
  })),
  "forgets the limit of entries": withBug((inner) => ({
    readAfter: (key: ChannelKey, after: number, { bytesMax }: { bytesMax: number }) =>
      inner.readAfter(key, after, { entriesMax: Infinity, bytesMax }),
  })),
  "shows what was trimmed": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(key, { ...batch, logicalFirst: 1 }, expected),
  })),
  "loses the producers": withBug((inner) => ({
    readHead: (key: ChannelKey) => changedHead(inner, key, (head) => head.producers.clear()),
  })),
  "loses the outcome of a seal": withBug((inner) => ({
    readHead: (key: ChannelKey) =>
      changedHead(inner, key, (head) => (head.seal = head.seal && { status: "success" })),
  })),
  "keeps producers that were forgotten": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(key, { ...batch, forgottenProducers: [] }, expected),
  })),
  "loses the marks": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(key, { ...batch, marks: [] }, expected),
  })),
  "takes data after a seal": withBug((inner) => ({
    append: async (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      (await inner.readHead(key))?.head.seal !== undefined && batch.kind === "data"
        ? "accepted"
        : inner.append(key, batch, expected),
  })),
  "takes a batch of an older term": withBug((inner) => ({
    append: async (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(
        key,
        { ...batch, term: Math.max(batch.term, (await inner.readHead(key))?.head.term ?? 0) },
        expected,
      ),
  })),
  "forgets a fence": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(key, batch.kind === "fence" ? { ...batch, term: 1 } : batch, expected),
  })),
  "writes the first half of a batch that it refuses": withBug((inner) => ({
    append: async (key: ChannelKey, batch: Batch, expected: Revision | undefined) => {
      const revision = await currentRevision(inner, key);
      if (expected === undefined || batch.kind !== "data" || revision === expected)
        return inner.append(key, batch, expected);
      await inner.append(
        key,
        { ...batch, entries: batch.entries.slice(0, 1), first: batch.first },
        revision,
      );
      throw new StoreRejection("conflict", "half of it is in");
    },
  })),
  "hands out its own head": withBug((inner) => {
    const heads = new Map<string, StoredHead>();
    return {
      readHead: async (key: ChannelKey) => {
        const stored = await inner.readHead(key);
        const kept = heads.get(JSON.stringify(key));
        if (stored === undefined || kept?.revision === stored.revision) return kept;
        heads.set(JSON.stringify(key), { ...stored, head: copyHead(stored.head) });
        return heads.get(JSON.stringify(key));
      },
    };
  }),
  "tells followers the newest first": withBug((inner) => ({
    follow: (key: ChannelKey, listener: (commit: Commit) => void) => {
      const held: Commit[] = [];
      return inner.follow(key, (commit) => {
        held.push(commit);
        if (held.length === 3) for (const one of held.reverse()) listener(one);
      });
    },
  })),
  "tells followers nothing of a seal": withBug((inner) => ({
    follow: (key: ChannelKey, listener: (commit: Commit) => void) =>
      inner.follow(key, (commit) => {
        if (commit.batch.kind !== "seal") listener(commit);
      }),
  })),
  "tells those who have left": withBug((inner) => ({
    follow: (key: ChannelKey, listener: (commit: Commit) => void) => {
      inner.follow(key, listener);
      return () => undefined;
    },
  })),
  "does not tell that a record was deleted": withBug((inner) => ({
    followRecords: (listener: (id: string, stored: StoredRecord | undefined) => void) =>
      inner.followRecords((id, stored) => {
        if (stored !== undefined) listener(id, stored);
      }),
  })),
  "tells only the latest commits as if they were all": withBug((inner) => ({
    readCommits: async (key: ChannelKey, revision: Revision) =>
      (await inner.readCommits(key, revision)) ?? [],
  })),
  "keeps a removed log": withBug(() => ({ removeLog: () => Promise.resolve() })),
  "mixes the lives of a process": withBug((inner) => {
    const merged = (key: ChannelKey): ChannelKey => ({ ...key, life: "one" });
    return {
      append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
        inner.append(merged(key), batch, expected),
      readAfter: (
        key: ChannelKey,
        after: number,
        limits: { entriesMax: number; bytesMax: number },
      ) => inner.readAfter(merged(key), after, limits),
      readHead: (key: ChannelKey) => inner.readHead(merged(key)),
      removeLog: (key: ChannelKey) => inner.removeLog(merged(key)),
    };
  }),
  "cuts large payloads": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) =>
      inner.append(
        key,
        {
          ...batch,
          entries: batch.entries.map((entry) => ({
            ...entry,
            payload: entry.payload.subarray(0, 65_536),
          })),
        },
        expected,
      ),
  })),
  "marks batches that it was given": withBug((inner) => ({
    append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) => {
      (batch as { id: string }).id += "!";
      return inner.append(key, batch, expected);
    },
  })),
  "goes on after close": withBug(() => ({ close: () => Promise.resolve() })),
  "gives no space back": withBug((inner) => {
    let bytes = 0;
    return {
      append: (key: ChannelKey, batch: Batch, expected: Revision | undefined) => {
        bytes += batch.bytes;
        return inner.append(key, batch, expected);
      },
      keptBytes: () => bytes,
    };
  }),
  "claims to be durable": withBug(() => ({
    manifest: { durable: true, shared: true, batchBytesMax: 100_000 },
  })),
};
