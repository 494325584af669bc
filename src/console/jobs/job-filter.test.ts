import { describe, expect, it } from "vitest";
import { compareJobs, countStates, createMatcher, isInState, listJob } from "./job-filter.ts";
import { sampleProcess } from "./job-sample.ts";

const failed = { status: "failed", error: "out of memory" } as const;
const jobs = [
  sampleProcess({ id: "a1", label: "Train the model", executorId: "run:a1", state: "running" }),
  sampleProcess({ id: "b2", label: "train again", state: "closed", outcome: failed, createdAt: 5 }),
  sampleProcess({ id: "c3", state: "closed", outcome: { status: "success" }, createdAt: 5 }),
  sampleProcess({ id: "d4", submitterId: "user:bob" }),
].map(listJob);

const found = (search: string): string[] =>
  jobs.filter(createMatcher(search)).map(({ process }) => process.id);

describe("the search", () => {
  it.each([
    ["", ["a1", "b2", "c3", "d4"]],
    ["  ", ["a1", "b2", "c3", "d4"]],
    ["TRAIN", ["a1", "b2"]],
    ["model train", ["a1"]],
    ["run:a", ["a1"]],
    ["c3", ["c3"]],
    ["bob", ["d4"]],
    ["nothing", []],
  ])("%j finds by name, id, executor and submitter", (search, ids) => {
    expect(found(search)).toEqual(ids);
  });

  it("finds nothing across the border of two fields", () => {
    expect(found("modela1")).toEqual([]);
  });
});

describe("the filter of states", () => {
  it("tells the states apart, and those that failed", () => {
    const idsIn = (filter: Parameters<typeof isInState>[1]): string[] =>
      jobs.filter(({ process }) => isInState(process, filter)).map(({ process }) => process.id);
    expect(idsIn("all")).toHaveLength(4);
    expect(idsIn("running")).toEqual(["a1"]);
    expect(idsIn("waiting")).toEqual(["d4"]);
    expect(idsIn("closed")).toEqual(["b2", "c3"]);
    expect(idsIn("failed")).toEqual(["b2"]);
  });

  it("counts each", () => {
    expect(countStates(jobs)).toEqual({ all: 4, running: 1, waiting: 1, closed: 2, failed: 1 });
  });
});

describe("the order", () => {
  it("has the newest first, and is the same for those of one moment", () => {
    const ids = jobs
      .toReversed()
      .sort(compareJobs)
      .map(({ process }) => process.id);
    expect(ids).toEqual(["b2", "c3", "a1", "d4"]);
  });
});
