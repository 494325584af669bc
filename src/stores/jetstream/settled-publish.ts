import { StoreRejection } from "../../core/store.ts";
import { pause } from "../../core/system.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { toRejection } from "./rejection.ts";

export interface PublishRequest {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly expected: number;
  readonly replacing?: boolean;
}

/**
 * What is known of a write in doubt: its sequence; `absent`, it is not there and may yet come; `lost`, another
 * message took its place for good; `unknown`, what took its place is no longer there.
 */
export type WriteState = number | "absent" | "lost" | "unknown";

const firstDelayMs = 20;
const longestDelayMs = 1_000;

/**
 * Publishes, and where the answer is lost finds out what became of it: another copy with the same expectation
 * can only get in where the first did not. Returns the sequence; rejects with `conflict` or `refused` only where
 * nothing was written.
 */
export async function publishSettled(
  { jetStream, system: { clock }, settleMs }: JetStreamContext,
  request: PublishRequest,
  look: () => Promise<WriteState>,
): Promise<number> {
  const until = clock.monotonicMs() + settleMs;
  let cause: unknown;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      return await jetStream.publish(request.subject, request.data, request);
    } catch (error) {
      // The answer to a second attempt says nothing of the first.
      if (cause === undefined && !isUnavailable(error)) throw toRejection(error);
      cause = error;
    }
    const state = await look().catch((error: unknown): WriteState => {
      if (!isUnavailable(error)) throw toRejection(error);
      return "absent";
    });
    if (typeof state === "number") return state;
    if (state === "lost") throw new StoreRejection("conflict", "another message came first");
    if (state === "unknown" || clock.monotonicMs() >= until)
      throw new StoreRejection("unavailable", "JetStream has not confirmed a write", { cause });
    await pause(clock, delayMs);
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof JetStreamFailure && error.kind === "unavailable";
}
