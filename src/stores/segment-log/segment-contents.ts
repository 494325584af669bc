import { firstIndex } from "../../core/binary-search.ts";
import { RecordKind, recordHeaderBytes } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import type { SeriesSummary } from "./series-summary.ts";

/** Where a batch with entries stands in a segment. */
export interface BatchPlace {
  readonly first: number;
  readonly entryCount: number;
  /** Of the body, from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

/** What a segment holds of one series. */
export interface SeriesContents {
  /** Five numbers a batch, in the order of positions: small, however many there are. */
  batches: number[];
  /** Bytes of batches with entries, or of the newest process record. */
  storedBytes: number;
}

/** Numbers of one batch in `batches`. */
export const batchNumbers = 5;
/** Shared by all series without a batch; never added to. */
const noBatches: number[] = [];

/** What is in a segment, as it is written or scanned. */
export class SegmentContents {
  readonly series = new Map<number, SeriesContents>();
  /**
   * What all its records come to, in the order of series; absent while they are written, and where some of
   * them are damaged.
   */
  summaries: readonly SeriesSummary[] | undefined;

  /** Of its series, ascending. */
  get numbers(): readonly number[] {
    return [...this.series.keys()].sort((a, b) => a - b);
  }

  get batchCount(): number {
    let count = 0;
    for (const { batches } of this.series.values()) count += batches.length / batchNumbers;
    return count;
  }

  add(record: RecordHeader, frameOffset: number): void {
    const { kind, series, first, entryCount, bodyOffset, bodyLength, bodyChecksum } = record;
    let contents = this.series.get(series);
    if (contents === undefined) {
      contents = { batches: noBatches, storedBytes: 0 };
      this.series.set(series, contents);
    }
    const bytes = bodyLength + recordHeaderBytes;
    if (kind === RecordKind.process) contents.storedBytes = bytes;
    if (entryCount === 0) return;
    contents.storedBytes += bytes;
    const place = [first, entryCount, frameOffset + bodyOffset, bodyLength, bodyChecksum];
    // Pushed onto nothing they would take room for more: most series have one batch in a segment.
    if (contents.batches.length === 0) contents.batches = place;
    else contents.batches.push(...place);
  }

  /** Batches from the one that holds the position, or from the first behind it. */
  batchesFrom(series: number, position: number, countMax: number): readonly BatchPlace[] {
    const { batches } = this.series.get(series) ?? { batches: [] };
    const count = batches.length / batchNumbers;
    const place = (index: number): BatchPlace => placeAt(batches, index * batchNumbers);
    const from = firstIndex(count, (index) => endOf(place(index)) >= position);
    const length = Math.min(count - from, countMax);
    return Array.from({ length }, (_, index) => place(from + index));
  }
}

/** Position of the last entry. */
export function endOf({ first, entryCount }: BatchPlace): number {
  return first + entryCount - 1;
}

function placeAt(batches: readonly number[], at: number): BatchPlace {
  return {
    first: batches[at] as number,
    entryCount: batches[at + 1] as number,
    offset: batches[at + 2] as number,
    length: batches[at + 3] as number,
    checksum: batches[at + 4] as number,
  };
}
