import { createDeferred } from "../../core/deferred.ts";
import { cutOffMs } from "../../core/store.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import type { StreamMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { watchSilence } from "./silence.ts";

/** With more messages than that it is cheaper to ask about each channel. */
const messagesMax = 100_000;

/**
 * The channels' subjects on which a stream has taken messages after a sequence, each with the sequence of the
 * last one; undefined where there were too many to be told. Of the messages only the headers are sent. Rejects
 * with a `JetStreamFailure` of the kind `unavailable` where they do not come.
 */
export async function changedSubjects(
  { jetStream, subjects, system: { clock } }: JetStreamContext,
  stream: string,
  after: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const subject = subjects.channelsOf(stream);
  // Consumers may read a copy that is behind: it is the leader who says how far to go.
  const last = await jetStream.readLast(stream, subject);
  const changed = new Map<string, number>();
  if (last === undefined || last.sequence <= after) return changed;
  const finished = createDeferred<boolean>();
  let count = 0;
  let metAtMs = -Infinity;
  const meet = ({ subject: met, sequence }: StreamMessage): void => {
    metAtMs = clock.monotonicMs();
    changed.set(met, sequence);
    if (sequence >= last.sequence) finished.resolve(true);
    else if (++count >= messagesMax) finished.resolve(false);
  };
  const from = after + 1;
  const stop = jetStream.follow(stream, subject, meet, { from, headersOnly: true });
  const endWatch = watchSilence(
    clock,
    cutOffMs,
    () => metAtMs,
    () => finished.reject(new JetStreamFailure("unavailable", `no message of ${stream} comes`)),
  );
  try {
    return (await finished.promise) ? changed : undefined;
  } finally {
    endWatch();
    stop();
  }
}
