import type { ProcessView } from "../../client/index.ts";

export const stateFilters = ["all", "running", "waiting", "closed", "failed"] as const;
/** A state of the processes, or those closed ones that failed. */
export type StateFilter = (typeof stateFilters)[number];

/** A process as the list has it. */
export interface ListedJob {
  readonly process: ProcessView;
  /** What a search looks at, in lower case. */
  readonly searched: string;
}

export function listJob(process: ProcessView): ListedJob {
  const { label, id, executorId, submitterId } = process;
  const searched = [label, id, executorId, submitterId].join("\n").toLowerCase();
  return { process, searched };
}

/** Every word has to occur, wherever and in any case. */
export function createMatcher(search: string): (job: ListedJob) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ searched }) => words.every((word) => searched.includes(word));
}

export function isInState({ state, outcome }: ProcessView, filter: StateFilter): boolean {
  if (filter === "all") return true;
  return filter === "failed" ? outcome?.status === "failed" : state === filter;
}

export function countStates(jobs: readonly ListedJob[]): Readonly<Record<StateFilter, number>> {
  const counts = { all: jobs.length, running: 0, waiting: 0, closed: 0, failed: 0 };
  for (const { process } of jobs) {
    counts[process.state] += 1;
    if (process.outcome?.status === "failed") counts.failed += 1;
  }
  return counts;
}

/** The newest first; those of one moment in the order of their ids. */
export function compareJobs(a: ListedJob, b: ListedJob): number {
  if (a.process.createdAt !== b.process.createdAt) return b.process.createdAt - a.process.createdAt;
  return a.process.id < b.process.id ? -1 : 1;
}
