import type { Segment } from "./segment.ts";
import { firstIndex } from "../../core/binary-search.ts";

/** Directories of indexes that are kept in memory, in bytes; those that were used last. */
const indexBytesMax = 32 * 1024 * 1024;

/** The segments of the log in their order, the one that is written to last. */
export class SegmentTable {
  #segments: Segment[] = [];
  /** Segments whose index may be in memory, in the order of last use. */
  readonly #used = new Set<Segment>();

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get last(): Segment | undefined {
    return this.#segments.at(-1);
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** The segment that holds what was once in the segment of that id. */
  holding(id: number): Segment | undefined {
    const index = firstIndex(
      this.#segments.length,
      (at) => (this.#segments[at] as Segment).header.lastId >= id,
    );
    const segment = this.#segments[index];
    if (segment === undefined || segment.header.firstId > id) return undefined;
    this.#used.delete(segment);
    this.#used.add(segment);
    this.#dropIndexes();
    return segment;
  }

  /** Puts a segment, or none, in the place of a run, in one turn: readers find either all of it or none. */
  replace(run: readonly Segment[], ...by: readonly Segment[]): void {
    const index = this.#segments.indexOf(run[0] as Segment);
    this.#segments = [
      ...this.#segments.slice(0, index),
      ...by,
      ...this.#segments.slice(index + run.length),
    ];
    for (const segment of run) this.#used.delete(segment);
  }

  #dropIndexes(): void {
    let bytes = 0;
    for (const segment of this.#used) bytes += segment.indexBytes;
    for (const segment of this.#used) {
      if (bytes <= indexBytesMax || this.#used.size === 1) return;
      bytes -= segment.indexBytes;
      segment.dropIndex();
      this.#used.delete(segment);
    }
  }
}
