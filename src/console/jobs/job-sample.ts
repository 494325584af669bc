import type { ProcessView } from "../../client/index.ts";

/** A process for tests, as the client tells of it. */
export function sampleProcess(given: Partial<ProcessView> = {}): ProcessView {
  return {
    id: "p",
    label: "",
    submitterId: "user:ada",
    executorId: "",
    executors: [],
    channels: [],
    state: "waiting",
    epoch: "e",
    term: 1,
    createdAt: 0,
    revision: 1,
    ...given,
  };
}
