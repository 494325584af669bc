import { frameHeaderBytes, recordHeaderBytes, segmentHeaderBytes } from "./segment-format.ts";
import type { SegmentLog } from "./segment-log.ts";
import type { Segment } from "./segment.ts";
import { RecordSeries } from "./series.ts";

/** About what the head of a log takes with its names. */
const stateBytes = 200;
/** Small segments in a row, from this number on, are put together even where nothing is dead. */
const smallRunMin = 8;

/**
 * The run of segments, of those that end by the frame `through`, that is most worth compacting: half of it is
 * dead, or it is many small ones, and what lives of it fits into one segment. Undefined where nothing is.
 */
export async function chooseRun(
  log: SegmentLog,
  segmentBytes: number,
  through: number,
): Promise<readonly Segment[] | undefined> {
  const segments = log.sealedSegments.filter(({ lastFrame }) => lastFrame <= through);
  const estimates = estimateLive(log, segments);
  const live: number[] = [];
  for (const [index, segment] of segments.entries()) {
    const estimate = estimates.get(segment) ?? 0;
    const bytes = contentBytes(segment);
    // An estimate does not know of heads without entries: what looks dead by the rule below is looked at.
    const isWorthALook = estimate <= bytes / 2 || bytes < segmentBytes / 8;
    live.push(isWorthALook ? await liveBytes(log, segment, index === 0) : estimate);
  }
  let best: { readonly from: number; readonly to: number; readonly gain: number } | undefined;
  for (let from = 0; from < segments.length; from++) {
    let total = 0;
    let kept = 0;
    for (let to = from; to < segments.length; to++) {
      total += contentBytes(segments[to] as Segment);
      kept += live[to] as number;
      if (kept > segmentBytes && to > from) break;
      const isDead = total - kept >= total / 2 && total - kept > stateBytes * 2;
      const isSmall = to - from + 1 >= smallRunMin && total <= segmentBytes / 2;
      if (!isDead && !isSmall) continue;
      const gain = total - kept + (to - from);
      if (best === undefined || gain > best.gain) best = { from, to, gain };
    }
  }
  return best === undefined ? undefined : segments.slice(best.from, best.to + 1);
}

/** Bytes of entries and process records that still count, by what is in memory. */
function estimateLive(log: SegmentLog, segments: readonly Segment[]): ReadonlyMap<Segment, number> {
  const live = new Map<Segment, number>();
  const add = (id: number, bytes: number): void => {
    const segment = log.segments.holding(id);
    if (segment !== undefined) live.set(segment, (live.get(segment) ?? 0) + bytes);
  };
  if (segments.length === 0) return live;
  for (const series of log.state.byNumber.values()) {
    if (series instanceof RecordSeries) add(series.segmentId, series.storedBytes);
    else for (const { segmentId, bytes } of series.places) add(segmentId, bytes);
  }
  return live;
}

/** What compaction could get rid of at the most. */
function contentBytes({ usedBytes }: Segment): number {
  return usedBytes - segmentHeaderBytes - frameHeaderBytes;
}

/**
 * What was compacted before has shrunk by as much as the count of what lives in it: counts are not exact, and
 * what compaction has left once it would leave again.
 */
async function liveBytes(log: SegmentLog, segment: Segment, isOldest: boolean): Promise<number> {
  const live = await countLive(log, segment, isOldest);
  const { liveOnceCompacted: before } = segment;
  if (before === undefined) return live;
  return before === 0 ? contentBytes(segment) : (contentBytes(segment) * live) / before;
}

/** The same, with heads and removals, by the directory of the segment's index. */
export async function countLive(
  log: SegmentLog,
  segment: Segment,
  isOldest: boolean,
): Promise<number> {
  const { firstId, lastId } = segment.header;
  let live = 0;
  for (const { series: number, storedBytes } of await segment.seriesList()) {
    const series = log.state.byNumber.get(number);
    if (series === undefined) live += isOldest ? 0 : recordHeaderBytes;
    else if (series instanceof RecordSeries) {
      const isHere = series.segmentId >= firstId && series.segmentId <= lastId;
      live += isHere ? storedBytes : 0;
    } else {
      const places = series.places.filter((p) => p.segmentId >= firstId && p.segmentId <= lastId);
      live += stateBytes + (places.length > 0 ? storedBytes : 0);
    }
  }
  return live;
}
