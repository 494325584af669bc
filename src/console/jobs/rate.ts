import type { ChannelView } from "../../client/index.ts";

/** What a job has written until a moment, as its channels tell. */
export interface Reading {
  readonly atMs: number;
  readonly channels: readonly ChannelView[];
}

/** How fast it has written between two readings. */
export interface Rate {
  /** Of the later one. */
  readonly atMs: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Per second, over all channels. */
export function rateBetween(before: Reading, after: Reading): Rate {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const earlier = new Map(before.channels.map((channel) => [channel.spec.name, channel]));
  let entries = 0;
  let bytes = 0;
  for (const channel of after.channels) {
    const known = earlier.get(channel.spec.name);
    // Of another epoch, or new: how much of it was written since is not to be known.
    if (known === undefined || known.epoch !== channel.epoch) continue;
    entries += Math.max(0, channel.last - known.last);
    bytes += bytesBetween(known, channel);
  }
  return { atMs: after.atMs, entries: entries / seconds, bytes: bytes / seconds };
}

/** `keptBytes` counts what is kept: once a log is trimmed, it is told by what its entries have on average. */
function bytesBetween(before: ChannelView, after: ChannelView): number {
  if (after.first === before.first) return Math.max(0, after.keptBytes - before.keptBytes);
  const kept = after.last - after.first + 1;
  if (kept <= 0) return 0;
  return ((after.last - before.last) * after.keptBytes) / kept;
}

/** The rates of the last `spanMs`, the newest last. */
export function addRate(rates: readonly Rate[], rate: Rate, spanMs: number): readonly Rate[] {
  return [...rates.filter(({ atMs }) => atMs > rate.atMs - spanMs), rate];
}
