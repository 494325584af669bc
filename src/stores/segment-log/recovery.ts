import type { DurableDirectory } from "./durable-directory.ts";
import type { FilePool } from "./file-pool.ts";
import { readCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Segment } from "./segment.ts";
import { SegmentContents } from "./segment-contents.ts";
import { RecordKind } from "./segment-format.ts";
import type { SegmentHeader } from "./segment-format.ts";
import type { SegmentIndex } from "./segment-index.ts";
import { listSegments } from "./segment-listing.ts";
import { indexName, parseCheckpointName, segmentName } from "./segment-names.ts";
import type { SegmentRange } from "./segment-names.ts";
import { provenFrame, scanSegment } from "./segment-scan.ts";
import type { ScannedFrame, SegmentDamage } from "./segment-scan.ts";
import { SegmentTable } from "./segment-table.ts";
import type { StoreDamage } from "./store-damage.ts";
import { Replay, StoreState } from "./store-state.ts";
import type { ReplayedRecord } from "./store-state.ts";

/** What was found on disk. Nothing has been written yet. */
export interface Recovered {
  readonly state: StoreState;
  readonly segments: SegmentTable;
  /** Last frame that is proven to be on disk. */
  readonly provenThrough: number;
  /** Whole frames behind it, which have to be written and synced again before anybody sees them. */
  readonly unproven: readonly ScannedFrame[];
  /** Segments with something behind their proven part, and the length of that part. */
  readonly tails: readonly { readonly segment: Segment; readonly length: number }[];
  /** Segments without an index on disk. */
  readonly unindexed: readonly Segment[];
  readonly unused: readonly SegmentRange[];
  readonly superfluous: readonly string[];
  /** Frames of checkpoints that count, oldest first. */
  readonly checkpoints: readonly number[];
  readonly damages: readonly StoreDamage[];
  readonly nextSegmentId: number;
}

export interface RecoveryOptions {
  readonly directory: DurableDirectory;
  readonly files: FilePool;
  readonly storeId: string;
  /** False: from the segments alone. */
  readonly usesCheckpoint?: boolean;
  /** True: all of them, whatever their indexes say. */
  readonly readsAll?: boolean;
}

/** Reads the state of a store: the newest checkpoint that fits the log, and what was written after it. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { directory, files, storeId } = options;
  const listing = await listSegments(directory, files, storeId);
  const reader = new LogReader(options, listing.headers);
  const { checkpoint, kept, refused } = await reader.chooseCheckpoint();
  const { state, ...found } = await reader.replay(checkpoint);
  const ids = [...listing.headers, ...listing.unused].map(({ lastId }) => lastId);
  return {
    ...found,
    state,
    unused: listing.unused,
    superfluous: [...listing.superfluous, ...refused],
    checkpoints: kept,
    damages: [...listing.damages, ...found.damages],
    nextSegmentId: Math.max(0, ...ids) + 1,
  };
}

/** Reads the segments of a log in their order. */
class LogReader {
  readonly #options: RecoveryOptions;
  readonly #headers: readonly SegmentHeader[];
  #newest: Buffer | undefined;

  constructor(options: RecoveryOptions, headers: readonly SegmentHeader[]) {
    this.#options = options;
    this.#headers = headers;
  }

  /** The newest one that is whole and whose frame the log has; those before it are kept as well. */
  async chooseCheckpoint(): Promise<{
    readonly checkpoint: Checkpoint | undefined;
    readonly kept: readonly number[];
    readonly refused: readonly string[];
  }> {
    const { directory, storeId, usesCheckpoint = true } = this.#options;
    const names = (await directory.list()).filter(
      (name) => parseCheckpointName(name) !== undefined,
    );
    names.sort();
    const frames = names.map((name) => parseCheckpointName(name) as number);
    // Numbers of frames that only a checkpoint proves are given again without it: it may never be used again.
    if (!usesCheckpoint) return { checkpoint: undefined, kept: [], refused: names };
    const compacted = Math.max(0, ...this.#headers.map(({ lastFrame }) => lastFrame));
    const end = await this.#lastFrame();
    for (let i = names.length - 1; i >= 0; i--) {
      const name = names[i] as string;
      const frame = frames[i] as number;
      const checkpoint =
        frame < compacted || frame > end
          ? undefined
          : await readCheckpoint(directory, name, storeId);
      if (checkpoint !== undefined)
        return { checkpoint, kept: frames.slice(0, i + 1), refused: names.slice(i + 1) };
    }
    return { checkpoint: undefined, kept: [], refused: names };
  }

  async replay(
    checkpoint: Checkpoint | undefined,
  ): Promise<
    Pick<
      Recovered,
      "state" | "segments" | "provenThrough" | "unproven" | "tails" | "unindexed" | "damages"
    >
  > {
    const state = checkpoint?.state ?? new StoreState();
    const pass = new ReplayPass(state, checkpoint);
    const segments = new SegmentTable();
    const { directory, files } = this.#options;
    for (const [at, header] of this.#headers.entries()) {
      const next = this.#headers[at + 1];
      state.nextSeries = Math.max(state.nextSeries, header.nextSeries);
      const lastFrame = next === undefined ? undefined : next.firstFrame - 1;
      const segment = new Segment(directory, files, header, noExtent);
      segments.add(segment);
      const index = await this.#indexOf(segment, lastFrame);
      if (index !== undefined && (await this.#takeIndex(segment, index, pass))) continue;
      const bytes = next === undefined ? await this.#readNewest() : await this.#read(header);
      pass.scan(segment, bytes, lastFrame ?? this.#proven(checkpoint));
      // An index that lacks what is known now is written anew.
      const isIndexed = index !== undefined && segment.contents?.summaries === undefined;
      if (isIndexed || this.#options.readsAll === true) segment.release();
    }
    const unindexed = segments.all.filter(({ contents }) => contents !== undefined);
    return { state, segments, unindexed, ...pass.finish() };
  }

  /** The index of a segment of which nothing was lost since, and to which nothing was added. */
  async #indexOf(
    segment: Segment,
    lastFrame: number | undefined,
  ): Promise<SegmentIndex | undefined> {
    // One that goes on behind the next segment's beginning was being written again when recovery was cut off.
    const index = await segment.loadIndex({ lastFrame });
    const size = await this.#options.files.use(segment.name, (file) => file.size());
    return index?.extent.usedBytes === size ? index : undefined;
  }

  /** False where the index does not say all that is to be known of the segment. */
  async #takeIndex(segment: Segment, index: SegmentIndex, pass: ReplayPass): Promise<boolean> {
    if (this.#options.readsAll === true) return false;
    let summaries: Iterable<ReplayedRecord> | undefined = [];
    if (!pass.reflects(index))
      summaries = await this.#options.files.use(indexName(segment.name), (file) =>
        index.summaries(file),
      );
    if (summaries !== undefined) pass.takeIndex(segment, index, summaries);
    return summaries !== undefined;
  }

  #proven(checkpoint: Checkpoint | undefined): number {
    const header = this.#headers.at(-1) as SegmentHeader;
    const proven = provenFrame(this.#newest as Buffer, header);
    return Math.max(proven, checkpoint?.syncedThrough ?? 0);
  }

  /** Last whole frame of the log, proven or not. */
  async #lastFrame(): Promise<number> {
    const header = this.#headers.at(-1);
    if (header === undefined) return 0;
    if (header.lastFrame > 0) return header.lastFrame;
    const newest = new Segment(this.#options.directory, this.#options.files, header, noExtent);
    const index = await this.#indexOf(newest, undefined);
    if (index !== undefined) return index.extent.lastFrame;
    const bytes = await this.#readNewest();
    let last = header.firstFrame - 1;
    for (const step of scanSegment(bytes, header, provenFrame(bytes, header)))
      if (step.kind === "frame") last = step.frame.header.number;
    return last;
  }

  async #readNewest(): Promise<Buffer> {
    this.#newest ??= await this.#read(this.#headers.at(-1) as SegmentHeader);
    return this.#newest;
  }

  #read(header: SegmentHeader): Promise<Buffer> {
    return this.#options.files.use(segmentName(header), async (file) => {
      const size = await file.size();
      const bytes = Buffer.allocUnsafe(size);
      return bytes.subarray(0, await file.read(bytes, 0));
    });
  }
}

/** Folds frames into a state, each number once, and notes what is missing. */
class ReplayPass {
  readonly #state: StoreState;
  readonly #replay: Replay;
  /** Frames up to it are in the state already. */
  readonly #reflected: number;
  /** Frames up to it may be. */
  readonly #mayReflect: number;
  readonly #damages: StoreDamage[] = [];
  readonly #unproven: ScannedFrame[] = [];
  readonly #tails: { segment: Segment; length: number }[] = [];
  /** Frames up to it were met, or are known to be missing. */
  #through = 0;

  constructor(state: StoreState, checkpoint: Checkpoint | undefined) {
    this.#state = state;
    this.#replay = new Replay(state);
    this.#reflected = checkpoint?.frame ?? 0;
    this.#mayReflect = checkpoint?.syncedThrough ?? 0;
  }

  /** Whether the state has everything of a segment already. */
  reflects({ extent }: SegmentIndex): boolean {
    return extent.lastFrame <= this.#reflected;
  }

  /** Takes in what a segment comes to, and where its entries are, without reading it. */
  takeIndex(segment: Segment, index: SegmentIndex, summaries: Iterable<ReplayedRecord>): void {
    this.#checkChain(segment);
    const { firstId, lastFrame } = segment.header;
    segment.usedBytes = index.extent.usedBytes;
    segment.lastFrame = this.#through = index.extent.lastFrame;
    let at = 0;
    for (const record of summaries) {
      const { first } = index.seriesAt(at++);
      if (record.header.frame <= this.#reflected) continue;
      // What was compacted begins with what it let go.
      if (lastFrame > 0) this.#replay.apply(record);
      else this.#replay.applySummary(record, first);
    }
    for (let i = 0; i < index.seriesCount; i++) {
      const { series, first, storedBytes } = index.seriesAt(i);
      this.#state.addPlace(firstId, series, first, storedBytes);
    }
  }

  scan(segment: Segment, bytes: Buffer, provenThrough: number): void {
    this.#checkChain(segment);
    const { header } = segment;
    const isCompacted = header.lastFrame > 0;
    const contents = new SegmentContents();
    const flaws = this.#flawCount;
    const steps = scanSegment(bytes, header, isCompacted ? Infinity : provenThrough);
    let tail: number | undefined;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (step.value.kind === "damage") {
        this.#noteDamage(segment, step.value.damage);
        continue;
      }
      const { frame } = step.value;
      if (isCompacted || frame.header.number <= provenThrough) {
        this.#take(frame, contents);
      } else {
        tail ??= frame.offset;
        this.#unproven.push(frame);
      }
    }
    this.#through = isCompacted ? header.lastFrame : Math.max(this.#through, provenThrough);
    segment.usedBytes = tail ?? step.value;
    segment.lastFrame = this.#through;
    segment.restore(contents);
    // A damaged one is read at each start: what it has lost is reported again.
    if (this.#flawCount === flaws && this.#mayReflect <= this.#through)
      segment.summarize(this.#state);
    if (bytes.byteLength > segment.usedBytes)
      this.#tails.push({ segment, length: segment.usedBytes });
    this.#state.addPlaces(header.firstId, contents);
  }

  get #flawCount(): number {
    return this.#damages.length + this.#replay.lossCount;
  }

  finish(): Pick<Recovered, "provenThrough" | "unproven" | "tails" | "damages"> {
    const provenThrough = this.#through;
    const lost = this.#replay.lost.map(({ key, from, to }) => ({
      ...{ ...nowhere, loss: "entries" as const },
      reason: `entries ${from} to ${to} of ${key.processId}/${key.channel} are gone`,
      ...{ key, first: from, last: to },
    }));
    const unproven = firstCopies(this.#unproven, provenThrough);
    // What is not proven yet may be the removal that explains why compaction has left no beginning.
    const removed = removedIn(unproven);
    const orphans = this.#replay.orphans.filter((number) => !removed.has(number));
    const unexplained = orphans.map((number) => ({
      ...{ ...nowhere, loss: "unknown" as const },
      reason: `series ${number} has no beginning`,
    }));
    return {
      provenThrough,
      unproven,
      tails: this.#tails,
      damages: [...this.#damages, ...lost, ...unexplained],
    };
  }

  #take(frame: ScannedFrame, contents: SegmentContents): void {
    for (const record of frame.records) {
      contents.add(record.header, frame.offset);
      if (record.header.frame > this.#reflected) this.#replay.apply(record);
    }
  }

  #checkChain({ header, name }: Segment): void {
    const expected = this.#through + 1;
    if (header.firstFrame <= expected) return;
    const reason = `frames ${expected} to ${header.firstFrame - 1} are missing before it`;
    this.#damages.push({ file: name, offset: 0, length: 0, reason, loss: "unknown" });
  }

  #noteDamage({ name }: Segment, { offset, length, reason, record }: SegmentDamage): void {
    // Of a batch with entries it is known what is gone; of anything else, not what would have followed.
    const loss = record !== undefined && record.entryCount > 0 && record.kind === RecordKind.batch;
    this.#damages.push({ file: name, offset, length, reason, loss: loss ? "entries" : "unknown" });
    if (record !== undefined && record.frame > this.#reflected) this.#replay.lose(record);
  }
}

/** Of a segment before it is read. */
const noExtent = { usedBytes: 0, lastFrame: 0 };
const nowhere = { file: "", offset: 0, length: 0 };

function removedIn(frames: readonly ScannedFrame[]): ReadonlySet<number> {
  const headers = frames.flatMap(({ records }) => records.map(({ header }) => header));
  return new Set(
    headers.filter(({ kind }) => kind === RecordKind.removal).map(({ series }) => series),
  );
}

/** An interrupted recovery leaves frames in two segments: the first copy of each that is still needed. */
function firstCopies(frames: readonly ScannedFrame[], through: number): readonly ScannedFrame[] {
  const copies: ScannedFrame[] = [];
  let last = through;
  for (const frame of frames) {
    if (frame.header.number !== last + 1) continue;
    copies.push(frame);
    last++;
  }
  return copies;
}
