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
  readonly series: number;
  /** Position of the first entry, 0 without entries. */
  readonly first: number;
  readonly batchCount: number;
  /** Of batches with entries, or of the newest process record. */
  readonly storedBytes: number;
}

/** Numbers that a batch with entries is kept as: those of its place, in that order. */
export const batchNumbers = 5;

/** What is in a segment, as it is written or scanned. */
export class SegmentContents {
  /** By series: the numbers of its batches, in the order of positions, or the bytes of a process record. */
  readonly #series = new Map<number, number[] | number>();
  /**
   * What all its records come to, in the order of series; absent while they are written, and where some of
   * them are damaged.
   */
  summaries: readonly SeriesSummary[] | undefined;

  /** Of its series, ascending. */
  get numbers(): readonly number[] {
    return [...this.#series.keys()].sort((a, b) => a - b);
  }

  get batchCount(): number {
    let count = 0;
    for (const series of this.#series.keys()) count += this.batchesOf(series).length;
    return count / batchNumbers;
  }

  /** Each of its series, in no order. */
  *list(): Generator<SeriesContents, void, undefined> {
    for (const series of this.#series.keys()) yield this.of(series);
  }

  of(series: number): SeriesContents {
    const contents = this.#series.get(series) ?? 0;
    if (typeof contents === "number")
      return { series, first: 0, batchCount: 0, storedBytes: contents };
    let storedBytes = 0;
    for (let at = 0; at < contents.length; at += batchNumbers)
      storedBytes += recordBytes(placeAt(contents, at).length);
    const batchCount = contents.length / batchNumbers;
    return { series, first: contents[0] as number, batchCount, storedBytes };
  }

  /** `batchNumbers` for each of its batches with entries. */
  batchesOf(series: number): readonly number[] {
    const contents = this.#series.get(series);
    return typeof contents === "object" ? contents : [];
  }

  add(record: RecordHeader, frameOffset: number): void {
    const { kind, series, first, entryCount, bodyOffset, bodyLength, bodyChecksum } = record;
    const known = this.#series.get(series);
    if (kind === RecordKind.process) this.#series.set(series, recordBytes(bodyLength));
    else if (entryCount === 0) this.#series.set(series, known ?? 0);
    else {
      const offset = frameOffset + bodyOffset;
      if (typeof known === "object")
        known.push(first, entryCount, offset, bodyLength, bodyChecksum);
      // Pushed onto nothing they would take room for more: most series have one batch in a segment.
      else this.#series.set(series, [first, entryCount, offset, bodyLength, bodyChecksum]);
    }
  }

  /** Batches from the one that holds the position, or from the first behind it. */
  batchesFrom(series: number, position: number, countMax: number): readonly BatchPlace[] {
    const batches = this.batchesOf(series);
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

function recordBytes(bodyLength: number): number {
  return bodyLength + recordHeaderBytes;
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
