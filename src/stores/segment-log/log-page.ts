import { crc32 } from "node:zlib";
import { decodeBatch } from "../../core/codec/batch-codec.ts";
import { DecodeError } from "../../core/codec/byte-reader.ts";
import type { ChannelHead } from "../../core/channel-head.ts";
import { entryBytes } from "../../core/entry.ts";
import type { MsgEntry } from "../../core/entry.ts";
import type { PageLimits } from "../../core/store.ts";
import type { BatchPlace } from "./segment-contents.ts";
import type { SegmentTable } from "./segment-table.ts";
import type { Segment } from "./segment.ts";
import type { PlacedLog } from "./series.ts";
import type { StoreDamage } from "./store-damage.ts";

/** Places that are looked up at a time. */
const placesAtOnce = 128;
/** Batches that stand close together are read in one go, up to this many bytes … */
const spanBytesMax = 256 * 1024;
/** … if at least this part of it is theirs. */
const spanShareMin = 0.25;

/**
 * Entries of a log after a position, up to the limits but at least one where there is one. What is damaged
 * is left out: a page never spans a hole, but may begin behind one.
 */
export async function readPage(
  segments: SegmentTable,
  log: PlacedLog,
  { first, last }: Readonly<Pick<ChannelHead, "first" | "last">>,
  after: number,
  limits: PageLimits,
  onDamage: (damage: StoreDamage) => void,
): Promise<readonly MsgEntry[]> {
  const page = new Page(Math.max(after + 1, first), limits);
  while (page.next <= last && !page.isFull) {
    const place = log.placeOf(page.next);
    const segment = place === undefined ? undefined : segments.holding(place.segmentId);
    // Trimmed meanwhile, or lost.
    if (place === undefined || segment === undefined) return page.entries;
    const before = page.next;
    await segment.use((used) => readSegment(used, log, page, onDamage));
    if (page.next > before || page.isFull) continue;
    if (place.next > last || page.entries.length > 0) return page.entries;
    page.skipTo(place.next);
  }
  return page.entries;
}

async function readSegment(
  segment: Segment,
  log: PlacedLog,
  page: Page,
  onDamage: (damage: StoreDamage) => void,
): Promise<void> {
  const places = await segment.batchesFrom(log.number, page.next, placesAtOnce);
  for (let from = 0; from < places.length && !page.isFull;) {
    const span = spanOf(places, from, page.limits);
    const start = (span[0] as BatchPlace).offset;
    const end = span.at(-1) as BatchPlace;
    const bytes = await segment.read(start, end.offset + end.length - start);
    for (const place of span) {
      const body = bytes.subarray(place.offset - start, place.offset - start + place.length);
      const entries = decodeBody(body, place);
      if (entries === undefined) onDamage(damageOf(segment, log, place));
      else page.add(entries);
    }
    from += span.length;
  }
}

/** Verified each time: what was right when it was written may have rotted since. */
function decodeBody(body: Buffer, place: BatchPlace): readonly MsgEntry[] | undefined {
  if (body.length !== place.length || crc32(body) !== place.checksum) return undefined;
  try {
    return decodeBatch(body).entries;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function spanOf(
  places: readonly BatchPlace[],
  from: number,
  { entriesMax, bytesMax }: PageLimits,
): readonly BatchPlace[] {
  const first = places[from] as BatchPlace;
  let bytes = 0;
  let entries = 0;
  let to = from;
  while (to < places.length && (to === from || (entries < entriesMax && bytes < bytesMax))) {
    const place = places[to] as BatchPlace;
    const length = place.offset + place.length - first.offset;
    const isSparse = bytes + place.length < length * spanShareMin;
    if (to > from && (length > spanBytesMax || length < 0 || isSparse)) break;
    bytes += place.length;
    entries += place.entryCount;
    to++;
  }
  return places.slice(from, to);
}

function damageOf(segment: Segment, log: PlacedLog, place: BatchPlace): StoreDamage {
  const last = place.first + place.entryCount - 1;
  const { key } = log;
  return {
    file: segment.name,
    offset: place.offset,
    length: place.length,
    reason: `entries ${place.first} to ${last} of ${key.processId}/${key.channel} have a wrong checksum`,
    ...{ loss: "entries", key, first: place.first, last },
  };
}

/** Entries without a hole between them, up to the limits. */
class Page {
  readonly entries: MsgEntry[] = [];
  readonly limits: PageLimits;
  next: number;
  isFull = false;
  #bytes = 0;

  constructor(next: number, limits: PageLimits) {
    this.next = next;
    this.limits = limits;
  }

  /** Nothing is there until a position: the page begins behind it. */
  skipTo(position: number): void {
    this.next = position;
  }

  add(entries: readonly MsgEntry[]): void {
    for (const entry of entries) {
      if (this.isFull || entry.position < this.next) continue;
      const isBehindHole = entry.position > this.next && this.entries.length > 0;
      const bytes = this.#bytes + entryBytes(entry);
      const isOver = bytes > this.limits.bytesMax && this.entries.length > 0;
      if (isBehindHole || isOver) {
        this.isFull = true;
        return;
      }
      this.#bytes = bytes;
      this.entries.push(entry);
      this.next = entry.position + 1;
      this.isFull = this.entries.length >= this.limits.entriesMax;
    }
  }
}
