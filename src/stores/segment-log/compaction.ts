import { crc32 } from "node:zlib";
import { createDeferred } from "../../core/deferred.ts";
import { entryBytes } from "../../core/entry.ts";
import type { MsgEntry } from "../../core/entry.ts";
import type { Batch } from "../../core/store.ts";
import type { System } from "../../core/system.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { writeFully } from "./file-write.ts";
import { FrameBuilder } from "./frame-builder.ts";
import { readPage } from "./log-page.ts";
import { encodeSegmentHeader, segmentHeaderBytes } from "./segment-format.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { SegmentContents } from "./segment-contents.ts";
import type { SegmentLog } from "./segment-log.ts";
import { segmentName, temporarySuffix } from "./segment-names.ts";
import { SegmentTable } from "./segment-table.ts";
import { Segment } from "./segment.ts";
import type { LogSeries } from "./series.ts";
import { RecordSeries } from "./series.ts";
import { summarize, summarizeRemoval } from "./series-summary.ts";
import type { SeriesSummary } from "./series-summary.ts";
import type { StoreDamage } from "./store-damage.ts";
import type { StoreFile } from "./store-directory.ts";

/** Neighbouring batches of a log become one of about this size. */
const mergedBytesMax = 64 * 1024;
const frameBytes = 256 * 1024;
/** The output is synced in steps, and the log gets as much time as each step took. */
const stepBytes = 4 * 1024 * 1024;

export interface CompactionOptions {
  readonly directory: DurableDirectory;
  readonly system: System;
  readonly log: SegmentLog;
  readonly onDamage: (damage: StoreDamage) => void;
  readonly isStopped: () => boolean;
  /** Ends the pauses. */
  readonly stopped: Promise<void>;
}

/**
 * Replaces a run of segments by one that holds what still counts of them: the newest version of each process
 * record, the head of each log, and its entries that are not trimmed. It takes the place of the run, so data
 * always stands before the removal that kills it. Where it fails or is stopped, nothing has happened, except
 * by `PlaceInDoubtError`: then no other run that overlaps may be compacted before the next start.
 */
export async function compactRun(
  run: readonly Segment[],
  options: CompactionOptions,
): Promise<Segment | undefined> {
  const { directory, log, isStopped } = options;
  const header = headerOf(run, options);
  const temporary = segmentName(header) + temporarySuffix;
  const file = await directory.create(temporary);
  const output = new CompactionOutput(file, header, options);
  let isWhole = false;
  try {
    await copyLive(run, output, options);
    isWhole = !isStopped();
    // What made records of the run superfluous has to be on disk before they go.
    if (isWhole) await Promise.all([output.finish(), log.flush()]);
  } finally {
    await file.close();
    if (!isWhole) await directory.discard(temporary);
  }
  if (!isWhole) return undefined;
  await takePlace(directory, temporary, segmentName(header));
  const { contents, length: usedBytes } = output;
  const extent = { usedBytes, lastFrame: header.lastFrame };
  return new Segment(directory, log.files, header, extent, contents);
}

/** The output may be there or not, now and after a power loss: until the next start nobody can tell. */
export class PlaceInDoubtError extends Error {
  constructor(name: string, cause: unknown) {
    super(`${name} may not have got its name`, { cause });
    this.name = "PlaceInDoubtError";
  }
}

async function takePlace(directory: DurableDirectory, from: string, to: string): Promise<void> {
  try {
    await directory.rename(from, to);
  } catch (error) {
    throw new PlaceInDoubtError(to, error);
  }
}

function headerOf(run: readonly Segment[], { system, log }: CompactionOptions): SegmentHeader {
  const first = run[0] as Segment;
  const last = run.at(-1) as Segment;
  return {
    ...first.header,
    lastId: last.header.lastId,
    generation: Math.max(...run.map(({ header }) => header.generation)) + 1,
    salt: crc32(system.randomId(16)),
    lastFrame: last.lastFrame,
    nextSeries: log.state.nextSeries,
    sources: run.reduce((sum, { header }) => sum + header.sources, 0),
  };
}

async function copyLive(
  run: readonly Segment[],
  output: CompactionOutput,
  options: CompactionOptions,
): Promise<void> {
  const { log, isStopped } = options;
  const isOldest = run[0] === log.segments.all[0];
  const { lastFrame } = run.at(-1) as Segment;
  const source = new SegmentTable();
  for (const segment of run) source.add(segment);
  for (const number of await seriesOf(run)) {
    if (isStopped()) return;
    const series = log.state.byNumber.get(number);
    // Older segments may hold something of a series that is gone; in the oldest ones nobody needs to know.
    if (series === undefined) {
      if (!isOldest) output.addSummary(summarizeRemoval(number, lastFrame));
    } else if (series instanceof RecordSeries) {
      if (source.holding(series.segmentId) !== undefined) output.addSummary(summarize(series));
    } else await copyLog(series, source, output, options);
    await output.flushFull();
  }
}

async function seriesOf(run: readonly Segment[]): Promise<readonly number[]> {
  const numbers = new Set<number>();
  for (const segment of run)
    for (const { series } of await segment.seriesList()) numbers.add(series);
  return [...numbers].sort((a, b) => a - b);
}

async function copyLog(
  log: LogSeries,
  source: SegmentTable,
  output: CompactionOutput,
  { log: { state }, onDamage, isStopped }: CompactionOptions,
): Promise<void> {
  // The head first: by its frame the batches behind it are known to be in it, wherever the log goes meanwhile.
  const { revision } = log;
  output.addSummary(summarize(log));
  const limits = { entriesMax: Infinity, bytesMax: mergedBytesMax };
  const within = log.within((id) => source.holding(id) !== undefined);
  for (let after = 0; !isStopped();) {
    const range = state.headOf(log);
    const entries = await readPage(source, within, range, after, limits, onDamage);
    const last = entries.at(-1);
    if (last === undefined) return;
    output.addEntries(log.number, revision, entries);
    after = last.position;
    await output.flushFull();
  }
}

/** A compacted segment as it is written. */
class CompactionOutput {
  readonly contents = new SegmentContents();
  length = segmentHeaderBytes;
  readonly #file: StoreFile;
  readonly #header: SegmentHeader;
  readonly #options: CompactionOptions;
  readonly #builder = new FrameBuilder();
  readonly #summaries: SeriesSummary[] = [];
  #frame = 0;
  #unsyncedBytes = 0;
  #startedAtMs: number;

  constructor(file: StoreFile, header: SegmentHeader, options: CompactionOptions) {
    this.#file = file;
    this.#header = header;
    this.#options = options;
    this.#startedAtMs = options.system.clock.monotonicMs();
  }

  /** Stands for all that was written of its series. */
  addSummary(summary: SeriesSummary): void {
    const { kind, series, frame, write } = summary;
    this.#builder.add({ kind, series, first: 0, entryCount: 0, frame }, write);
    this.#summaries.push(summary);
  }

  addEntries(series: number, frame: number, entries: readonly MsgEntry[]): void {
    const [{ position: first }] = entries as [MsgEntry];
    const upTo = Math.min(frame, this.#header.lastFrame);
    this.#builder.addBatch(series, upTo, mergedBatch(first, entries));
  }

  /** Writes a frame once enough has gathered, and gives the log its time. */
  async flushFull(): Promise<void> {
    if (this.#builder.length < frameBytes) return;
    await this.#flush();
    if (this.#unsyncedBytes < stepBytes) return;
    await this.#file.sync();
    this.#unsyncedBytes = 0;
    const { system, stopped } = this.#options;
    const { clock } = system;
    const rested = createDeferred();
    const timer = clock.after(clock.monotonicMs() - this.#startedAtMs, () => rested.resolve());
    await Promise.race([rested.promise, stopped]);
    timer.cancel();
    this.#startedAtMs = clock.monotonicMs();
  }

  async finish(): Promise<void> {
    await this.#flush({ isLast: true });
    this.contents.summaries = this.#summaries;
    await writeFully(this.#file, [encodeSegmentHeader(this.#header)], 0);
    await this.#file.sync();
  }

  async #flush(options: { readonly isLast?: boolean } = {}): Promise<void> {
    const { lastFrame, salt } = this.#header;
    // Before it is built: what is built has its record headers in it already.
    const { length } = this.#builder;
    const { chunks, records } = this.#builder.build(++this.#frame, lastFrame, salt, options);
    await writeFully(this.#file, chunks, this.length);
    for (const record of records) this.contents.add(record, this.length);
    this.length += length;
    this.#unsyncedBytes += length;
    this.#builder.clear();
  }
}

/** Only its entries count: everything else is in the head. */
function mergedBatch(first: number, entries: readonly MsgEntry[]): Batch {
  return {
    ...{ id: "", kind: "data", epoch: "", term: 0, first, entries },
    bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
    ...{ logicalFirst: 0, trimmedBytes: 0, marks: [], producers: [], forgottenProducers: [] },
  };
}
