import { HistoryChecker } from "../src/testing/history-checker.ts";
import type { HistoryEvent } from "../src/testing/history-events.ts";

/** What a checker says of a whole history; empty where it is right. */
export function judge(events: readonly HistoryEvent[]): string {
  const checker = new HistoryChecker();
  for (const event of events) checker.observe(event);
  try {
    checker.finish();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
