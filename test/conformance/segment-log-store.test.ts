import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import type { Store } from "../../src/core/store.ts";
import { NodeDirectory, SegmentLogStore } from "../../src/stores/segment-log/index.ts";
import { storeSuite } from "../../src/testing/store-suite.ts";

const MiB = 1024 * 1024;
const paths = new Map<Store, string>();
const made: string[] = [];

afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

async function open(path: string, segmentBytes: number): Promise<Store> {
  const store = await SegmentLogStore.open({ directory: new NodeDirectory(path), segmentBytes });
  paths.set(store, path);
  return store;
}

async function createDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "jobwire-store-"));
  made.push(path);
  return path;
}

for (const [name, segmentBytes, isReopened] of [
  ["in small segments", MiB, false],
  ["opened again between steps", MiB, true],
] as const) {
  describe(`SegmentLogStore, ${name}`, () => {
    storeSuite(
      { describe, it },
      {
        createStore: async () => open(await createDirectory(), segmentBytes),
        manifest: { durable: true, shared: false, batchBytesMax: segmentBytes / 4 },
        reopen: async (store) => {
          if (!isReopened) return store;
          await store.close();
          return open(paths.get(store) ?? "", segmentBytes);
        },
      },
    );
  });
}
