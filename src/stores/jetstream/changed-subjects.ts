import { createDeferred } from "../../core/deferred.ts";
import { cutOffMs } from "../../core/store.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import type { StreamMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { watchSilence } from "./silence.ts";

/** With more messages than that it is cheaper to ask about each channel. */
const messagesMax = 100_000;

export interface ChangeSearch {
  readonly stream: string;
  /** Sequence after which; undefined where that is not known. */
  readonly after: number | undefined;
  /** Ends the search, which then rejects. */
  readonly signal: AbortSignal;
}

export interface Changes {
  /** By subject, the sequence of the last message; undefined where there may be more than are told. */
  readonly changed: ReadonlyMap<string, number> | undefined;
  /** Sequence up to which they are all. */
  readonly last: number;
}

/**
 * The channels' subjects on which a stream has taken messages after a sequence. Of the messages only the headers
 * are sent. Rejects with a `JetStreamFailure` of the kind `unavailable` where they do not come.
 */
export async function changedSubjects(
  { jetStream, subjects, system: { clock } }: JetStreamContext,
  { stream, after, signal }: ChangeSearch,
): Promise<Changes> {
  const subject = subjects.channelsOf(stream);
  // Consumers may read a copy that is behind: it is the leader who says how far to go.
  const { sequence: last } = (await jetStream.readLast(stream, subject)) ?? { sequence: 0 };
  if (after === undefined) return { changed: undefined, last };
  const changed = new Map<string, number>();
  if (last <= after) return { changed, last };
  const finished = createDeferred<boolean>();
  const giveUp = (): void =>
    finished.reject(new JetStreamFailure("unavailable", `no message of ${stream} comes`));
  let count = 0;
  let metAtMs = -Infinity;
  const meet = ({ subject: met, sequence }: StreamMessage): void => {
    metAtMs = clock.monotonicMs();
    changed.set(met, sequence);
    if (sequence >= last) finished.resolve(true);
    else if (++count >= messagesMax) finished.resolve(false);
  };
  const from = after + 1;
  const stop = jetStream.follow(stream, subject, meet, { from, headersOnly: true });
  const endWatch = watchSilence(clock, cutOffMs, () => metAtMs, giveUp);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    if (signal.aborted) giveUp();
    return { changed: (await finished.promise) ? changed : undefined, last };
  } finally {
    signal.removeEventListener("abort", giveUp);
    endWatch();
    stop();
  }
}
