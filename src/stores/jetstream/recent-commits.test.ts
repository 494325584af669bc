import { expect, it } from "vitest";
import type { Commit } from "../../core/store.ts";
import { createSampleKey, SampleWriter } from "../../testing/store-samples.ts";
import { MemoryStore } from "../memory/memory-store.ts";
import { CommitList, RecentCommits } from "./recent-commits.ts";

function createCommit(revision: number): Commit {
  const key = createSampleKey();
  const batch = new SampleWriter(new MemoryStore(), key).createBatch("fence");
  return { key, batch, revision };
}

it("keeps no more small commits than the memory that they take allows", () => {
  const recent = new RecentCommits(10 * 1024);
  const lists = [new CommitList(0), new CommitList(0)];
  for (let revision = 1; revision <= 30; revision++)
    for (const list of lists) {
      const commit = createCommit(revision);
      list.push(commit);
      recent.add(list, commit);
    }
  for (const list of lists) {
    expect(list.after(25)?.map(({ revision }) => revision)).toEqual([26, 27, 28, 29, 30]);
    expect(list.after(24)).toBeUndefined();
  }
});

it("knows nothing of what it has forgotten, and goes on with what follows", () => {
  const list = new CommitList(1);
  for (const revision of [2, 3]) list.push(createCommit(revision));
  list.forgetAll();
  expect(list.after(1)).toBeUndefined();
  const next = createCommit(4);
  list.push(next);
  expect(list.after(3)).toEqual([next]);
});
