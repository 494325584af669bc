import type { DurableDirectory } from "./durable-directory.ts";
import { hasCode } from "./error-code.ts";
import type { FilePool } from "./file-pool.ts";
import { readFully } from "./file-write.ts";
import type { BatchPlace, SegmentContents, SeriesContents } from "./segment-contents.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { SegmentIndex, writeSegmentIndex } from "./segment-index.ts";
import { indexName, segmentName, temporarySuffix } from "./segment-names.ts";
import { scanContents } from "./segment-scan.ts";
import { summarizeSegment } from "./series-summary.ts";
import type { StoreFile } from "./store-directory.ts";
import type { StoreState } from "./store-state.ts";

/** One file of the log, from its first frame until compaction has replaced it and its last reader left. */
export class Segment {
  readonly header: SegmentHeader;
  readonly name: string;
  /** Bytes with content; what follows is zeros. */
  usedBytes: number;
  /** Last frame in it. */
  lastFrame: number;
  /** What the plan of compaction counted in it when compaction had made it. */
  liveOnceCompacted: number | undefined;
  readonly #directory: DurableDirectory;
  readonly #files: FilePool;
  /** In memory while it is written to, and until its index is on disk. */
  #contents: SegmentContents | undefined;
  #index: SegmentIndex | undefined;
  #readers = 0;
  #retired: (() => Promise<void>) | undefined;

  constructor(
    directory: DurableDirectory,
    files: FilePool,
    header: SegmentHeader,
    extent: { readonly usedBytes: number; readonly lastFrame: number },
    contents?: SegmentContents,
  ) {
    this.header = header;
    this.name = segmentName(header);
    this.usedBytes = extent.usedBytes;
    this.lastFrame = extent.lastFrame;
    this.#directory = directory;
    this.#files = files;
    this.#contents = contents;
  }

  /** Undefined once its index is on disk. */
  get contents(): SegmentContents | undefined {
    return this.#contents;
  }

  /** Keeps the file while `work` reads it. */
  async use<Result>(work: (segment: Segment) => Promise<Result>): Promise<Result> {
    this.#readers++;
    try {
      return await work(this);
    } finally {
      this.#readers--;
      // A file that cannot be removed now is removed at the next start, and no business of a reader.
      if (this.#readers === 0) await this.#retired?.().catch(() => undefined);
    }
  }

  /** The bytes of the file from a position on, as many as there are up to a length. */
  read(position: number, length: number): Promise<Buffer> {
    return this.#files.use(this.name, (file) => readFully(file, position, length));
  }

  /** Batches of a series from the one that holds the position, or from the first behind it. */
  async batchesFrom(
    series: number,
    position: number,
    countMax: number,
  ): Promise<readonly BatchPlace[]> {
    if (this.#contents === undefined) {
      const index = await this.#loadedIndex();
      const places =
        index === undefined
          ? undefined
          : await this.#files.use(indexName(this.name), (file) =>
              index.batchesFrom(file, series, position, countMax),
            );
      if (places !== undefined) return places;
    }
    const contents = await this.#loadContents();
    return contents.batchesFrom(series, position, countMax);
  }

  /** Each series of which it holds a record, in no order. */
  async seriesList(): Promise<readonly SeriesContents[]> {
    const index = this.#contents === undefined ? await this.#loadedIndex() : undefined;
    if (index !== undefined)
      return Array.from({ length: index.seriesCount }, (_, at) => index.seriesAt(at));
    return [...(await this.#loadContents()).list()];
  }

  async #loadedIndex(): Promise<SegmentIndex | undefined> {
    this.#index ??= await this.loadIndex();
    return this.#index;
  }

  /** From the frames themselves, where there is no right index: it stays in memory until the next start. */
  async #loadContents(): Promise<SegmentContents> {
    if (this.#contents === undefined) {
      const proven = this.header.lastFrame > 0 ? Infinity : this.lastFrame;
      const bytes = await this.read(0, this.usedBytes);
      this.#contents ??= scanContents(bytes, this.header, proven);
    }
    return this.#contents;
  }

  /** Undefined where it is missing, damaged, or says more or less than what counts of the segment. */
  async loadIndex(
    { lastFrame }: { readonly lastFrame: number | undefined } = this,
  ): Promise<SegmentIndex | undefined> {
    try {
      return await this.#files.use(indexName(this.name), (file) =>
        SegmentIndex.read(file, this.header, lastFrame),
      );
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Bytes that its index takes in memory now. */
  get indexBytes(): number {
    return this.#index?.bytes ?? 0;
  }

  /** It is read again when it is needed. */
  dropIndex(): void {
    this.#index = undefined;
  }

  /** Keeps what the series in it are now, when the state is that of its end. */
  summarize(state: StoreState): void {
    if (this.#contents === undefined) return;
    this.#contents.summaries = summarizeSegment(state, this.#contents, this.lastFrame);
  }

  /** Puts what is in it on disk and lets go of it. It is not written to any more. */
  async seal(): Promise<void> {
    const contents = this.#contents;
    if (contents === undefined) return;
    const name = indexName(this.name);
    await writeNewFile(this.#directory, name, (file) =>
      writeSegmentIndex(file, this.header, this, contents),
    );
    await this.#files.forget(name);
    this.#contents = undefined;
  }

  /** Lets go of what its index on disk says as well. */
  release(): void {
    this.#contents = undefined;
  }

  /** Its contents as scanned, where the index is missing or damaged. */
  restore(contents: SegmentContents): void {
    this.#contents = contents;
    this.#index = undefined;
  }

  /** Removes its files when the last reader has left. */
  async retire(): Promise<void> {
    this.#retired = async () => {
      this.#retired = undefined;
      const names = [this.name, indexName(this.name)];
      for (const name of names) await this.#files.forget(name);
      await this.#directory.remove(...names);
    };
    if (this.#readers === 0) await this.#retired();
  }
}

/** Under a name of its own until it is whole and synced. */
export async function writeNewFile(
  directory: DurableDirectory,
  name: string,
  write: (file: StoreFile) => Promise<void>,
): Promise<void> {
  const temporary = name + temporarySuffix;
  const file = await directory.create(temporary);
  try {
    await write(file);
    await file.sync();
  } catch (error) {
    await file.close();
    await directory.discard(temporary);
    throw error;
  }
  await file.close();
  await directory.rename(temporary, name);
}
