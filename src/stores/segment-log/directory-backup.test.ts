import { link, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSampleRecord } from "../../testing/store-samples.ts";
import { backUpStore } from "./directory-backup.ts";
import { openSegmentLogStore } from "./open-directory.ts";

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "jobwire-backup-"));
});

afterEach(() => rm(parent, { recursive: true }));

it.each(["new", "empty"])(
  "leaves nothing in a directory that is %s, when it fails",
  async (kind) => {
    const [path, lost, to] = ["store", "lost", "copy"].map((name) => join(parent, name)) as [
      string,
      string,
      string,
    ];
    const store = await openSegmentLogStore(path, { segmentBytes: 4096 });
    try {
      for (let index = 0; index < 40; index++)
        await store.createRecord(createSampleRecord(`p${index}`));
      await mkdir(lost);
      const [first = ""] = (await readdir(path)).filter((name) => name.endsWith(".segment")).sort();
      await link(join(path, first), join(lost, first));
      if (kind === "empty") await mkdir(to);
      // All but the first file are missing where they are said to be.
      await expect(backUpStore(store, lost, to)).rejects.toThrow("ENOENT");
      expect(await readdir(parent)).toEqual(
        kind === "empty" ? ["copy", "lost", "store"] : ["lost", "store"],
      );
      if (kind === "empty") expect(await readdir(to)).toEqual([]);
      await backUpStore(store, path, to);
      expect(await readdir(to)).toContain("store.json");
    } finally {
      await store.close();
    }
  },
);
