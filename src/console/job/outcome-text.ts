import type { ProcessView, ReaderState } from "../../client/index.ts";

/** A class of the dot beside it, and what it says. */
export interface StateLook {
  readonly dot: string;
  readonly text: string;
}

/** How a job stands. */
export function lookOfProcess({ state, outcome, cancelRequest }: ProcessView): StateLook {
  if (state === "waiting") return { dot: "dot-hollow", text: "Waiting" };
  if (state === "running" && cancelRequest !== undefined)
    return { dot: "dot-warn dot-alive", text: "Cancelling" };
  if (state === "running") return { dot: "dot-accent dot-alive", text: "Running" };
  switch (outcome?.status) {
    case "success":
      return { dot: "dot-good", text: "Succeeded" };
    case "failed":
      return { dot: "dot-bad", text: "Failed" };
    case "cancelled":
      return { dot: "dot-warn", text: "Cancelled" };
    case undefined:
      return { dot: "dot-hollow", text: "Ended" };
  }
}

/** What is to be known of the end besides its status; "" for nothing. */
export function detailOfOutcome({ outcome }: ProcessView): string {
  if (outcome === undefined) return "";
  const { exitCode, signal } = outcome;
  if (signal !== undefined) return signal;
  if (exitCode !== undefined) return `exit code ${exitCode}`;
  return outcome.status === "failed" ? outcome.error : "";
}

/** How far the reader of a channel is. */
export function lookOfReader(state: ReaderState, hasBeenLive: boolean): StateLook {
  switch (state.kind) {
    case "connecting":
      return { dot: "dot-warn dot-alive", text: hasBeenLive ? "Reconnecting" : "Connecting" };
    case "live":
      return { dot: "dot-good", text: "Live" };
    case "behind":
      return { dot: "dot-warn", text: `${state.entries.toLocaleString("en")} behind` };
    case "closed":
      if (state.error !== undefined) return { dot: "dot-bad", text: textOfEnd(state.error.code) };
      return { dot: "dot-hollow", text: "Ended" };
  }
}

/** Who is refused like this had no right to it, or has it no more. */
export function isLackOfAuthority(code: string): boolean {
  return ["forbidden", "unauthorized", "unauthenticated", "token_expired"].includes(code);
}

function textOfEnd(code: string): string {
  if (code === "process_not_found") return "Deleted";
  return isLackOfAuthority(code) ? "Not shared with you" : code.replaceAll("_", " ");
}
