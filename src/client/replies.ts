import type { System } from "../core/system.ts";
import { followSignal, raceLimit } from "./abort.ts";
import type { SendReceipt } from "./producer.ts";
import type { ChannelEntry, Reader } from "./reader.ts";
import { StreamError } from "./stream-error.ts";

export interface ReplyRequest {
  readonly sent: Promise<SendReceipt>;
  readonly read: (after: number) => Reader;
  readonly system: System;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The answers stand behind what they answer: read from there, none can be missed. */
export function readReplies(request: ReplyRequest): AsyncIterable<ChannelEntry> {
  // Whoever iterates hears of it; the request is sent whether or not somebody does.
  request.sent.catch(() => undefined);
  return { [Symbol.asyncIterator]: () => iterate(request) };
}

async function* iterate({
  sent,
  read,
  system,
  timeoutMs,
  signal,
}: ReplyRequest): AsyncGenerator<ChannelEntry, void, undefined> {
  const { controller, unfollow } = followSignal(signal);
  const patiently = <Result>(work: Promise<Result>): Promise<Result> =>
    raceLimit(work, controller, system, timeoutMs);
  let reader: Reader | undefined;
  try {
    const { position } = await patiently(sent);
    reader = read(position);
    for (;;) {
      const answers = await patiently(nextAnswers(reader, position));
      if (answers === undefined) return;
      for (const entry of answers) {
        if (entry.type === "error") throw new StreamError(entry);
        if (entry.type === "end") return;
        yield entry;
      }
    }
  } finally {
    unfollow();
    reader?.close();
  }
}

async function nextAnswers(
  reader: Reader,
  position: number,
): Promise<readonly ChannelEntry[] | undefined> {
  for (;;) {
    const item = await reader.next();
    if (item === undefined) return undefined;
    if (item.kind === "gap") continue;
    const answers = item.entries.filter(({ replyTo }) => replyTo === position);
    if (answers.length > 0) return answers;
  }
}
