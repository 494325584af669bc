import { expect, it } from "vitest";
import { ChannelError, type ProcessView } from "../../client/index.ts";
import { detailOfOutcome, lookOfProcess, lookOfReader } from "./outcome-text.ts";

const running = { state: "running" } as ProcessView;
const closed = (outcome: ProcessView["outcome"]) => ({ state: "closed", outcome }) as ProcessView;

it("says how a job stands", () => {
  const cancelRequest = { by: "ada", at: 0 };
  expect(lookOfProcess(running).text).toBe("Running");
  expect(lookOfProcess({ ...running, cancelRequest }).text).toBe("Cancelling");
  expect(lookOfProcess(closed({ status: "cancelled" })).text).toBe("Cancelled");
});

it("says what a program ended with", () => {
  expect(detailOfOutcome(closed({ status: "failed", error: "it broke" }))).toBe("it broke");
  expect(detailOfOutcome(closed({ status: "failed", error: "x", exitCode: 3 }))).toBe(
    "exit code 3",
  );
  expect(detailOfOutcome(closed({ status: "cancelled", signal: "SIGTERM" }))).toBe("SIGTERM");
  expect(detailOfOutcome(running)).toBe("");
});

it("says how far a reader is", () => {
  expect(lookOfReader({ kind: "connecting" }, false).text).toBe("Connecting");
  expect(lookOfReader({ kind: "connecting" }, true).text).toBe("Reconnecting");
  expect(lookOfReader({ kind: "behind", entries: 12_345 }, true).text).toBe("12,345 behind");
  const error = new ChannelError("process_not_found", { processId: "p" });
  expect(lookOfReader({ kind: "closed", error }, true).text).toBe("Deleted");
});
