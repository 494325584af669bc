import type { ChannelLog } from "../channel-log.ts";
import { entryBytes } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import type { AppendCall } from "./append-call.ts";

interface BatchLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Position up to which the next batch goes. `isSmall`: all that is staged is within the byte limit. */
export function cutPosition(
  log: ChannelLog,
  calls: readonly AppendCall[],
  limits: BatchLimits & { readonly isSmall: boolean },
): number {
  const { last, fixed } = log;
  if (limits.isSmall && last - fixed <= limits.entriesMax) return last;
  const callOfEntry = new Map<MsgEntry, AppendCall>();
  for (const call of calls) for (const entry of call.added) callOfEntry.set(entry, call);
  const staged: { call: AppendCall; bytes: number }[] = [];
  for (let p = fixed + 1; p <= last; p++) {
    const entry = log.at(p) as MsgEntry;
    staged.push({ call: callOfEntry.get(entry) as AppendCall, bytes: entryBytes(entry) });
  }
  return fixed + cutBatch(staged, limits);
}

/**
 * How many of the staged entries make the next batch: as many as the limits take without splitting a
 * call. Calls can interleave where a late entry was sorted before another call's. Returns the whole of
 * the first group of interleaved calls if even that is over the limits.
 */
export function cutBatch(
  staged: readonly { readonly call: AppendCall; readonly bytes: number }[],
  { entriesMax, bytesMax }: BatchLimits,
): number {
  const seen = new Map<AppendCall, number>();
  let missing = 0;
  let bytes = 0;
  let cut = 0;
  for (const [index, entry] of staged.entries()) {
    const count = seen.get(entry.call) ?? 0;
    if (count === 0) missing += entry.call.added.length;
    seen.set(entry.call, count + 1);
    missing--;
    bytes += entry.bytes;
    if (cut > 0 && (index + 1 > entriesMax || bytes > bytesMax)) return cut;
    if (missing === 0) cut = index + 1;
  }
  return cut;
}
