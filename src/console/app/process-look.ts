import type { Outcome, ProcessView } from "../../client/index.ts";

/** How the state of a process is shown, everywhere alike. */
export interface ProcessLook {
  /** Classes of the dot in front of it. */
  readonly dot: string;
  readonly state: string;
  /** How it ended; empty before. */
  readonly outcome: string;
}

export function lookOfProcess({ state, outcome, cancelRequest }: ProcessView): ProcessLook {
  if (state === "waiting") return { dot: "dot-hollow", state: "Waiting", outcome: "" };
  if (state === "running")
    return cancelRequest === undefined
      ? { dot: "dot-accent dot-alive", state: "Running", outcome: "" }
      : { dot: "dot-warn dot-alive", state: "Stopping", outcome: "" };
  return { dot: dotOf(outcome), state: "Closed", outcome: describeOutcome(outcome) };
}

function dotOf(outcome: Outcome | undefined): string {
  if (outcome?.status === "success") return "dot-good";
  return outcome?.status === "failed" ? "dot-bad" : "";
}

/** In one line; the texts of others are in it. */
export function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  const { status, exitCode, signal } = outcome;
  if (status === "success") return "Success";
  const code = signal ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`);
  if (status === "cancelled") return code === undefined ? "Cancelled" : `Cancelled · ${code}`;
  return `Failed: ${outcome.error}`;
}
