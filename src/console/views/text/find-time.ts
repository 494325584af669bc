import type { Channel } from "../../../client/index.ts";

export interface TimeRange {
  /** Positions of the oldest and of the newest entry. */
  readonly first: number;
  readonly last: number;
}

/** Position of the first entry that came at a time or later; the last one where none did. */
export async function findTime(
  channel: Channel,
  { first, last }: TimeRange,
  timeMs: number,
  signal: AbortSignal,
): Promise<number> {
  let low = first;
  let high = Math.max(first, last);
  while (low < high && !signal.aborted) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeOf(channel, middle, signal)) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function timeOf(channel: Channel, position: number, signal: AbortSignal): Promise<number> {
  for await (const { timestamp } of channel.entries({ after: position - 1, signal }))
    return timestamp;
  return Infinity;
}
