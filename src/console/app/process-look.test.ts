import { describe, expect, it } from "vitest";
import { sampleProcess } from "../jobs/job-sample.ts";
import { describeOutcome, lookOfProcess } from "./process-look.ts";

describe("the look of a process", () => {
  it("tells one that is asked to stop from one that runs", () => {
    const running = sampleProcess({ state: "running" });
    expect(lookOfProcess(running).state).toBe("Running");
    expect(lookOfProcess({ ...running, cancelRequest: { by: "user:ada", at: 0 } }).state).toBe(
      "Stopping",
    );
  });

  it("tells how it ended", () => {
    const closed = sampleProcess({ state: "closed", outcome: { status: "success" } });
    expect(lookOfProcess(closed)).toEqual({ dot: "dot-good", state: "Closed", outcome: "Success" });
    expect(describeOutcome({ status: "failed", error: "exit code 3", exitCode: 3 })).toBe(
      "Failed: exit code 3",
    );
    expect(describeOutcome({ status: "cancelled", signal: "SIGTERM" })).toBe("Cancelled · SIGTERM");
    expect(describeOutcome({ status: "cancelled" })).toBe("Cancelled");
  });
});
