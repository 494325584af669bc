import type { BatchEffect } from "../../core/channel-head.ts";
import { decodeBatchEffect } from "../../core/codec/batch-codec.ts";
import { ByteReader } from "../../core/codec/byte-reader.ts";
import type { ByteWriter } from "../../core/codec/byte-writer.ts";
import { decodeHead } from "../../core/codec/head-codec.ts";
import { decodeRecord } from "../../core/codec/record-codec.ts";
import { SortedTexts } from "../../core/sorted-texts.ts";
import type { ChannelKey } from "../../core/store.ts";
import { RecordKind } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import type { SegmentContents } from "./segment-contents.ts";
import { LogSeries, RecordSeries, logName } from "./series.ts";
import type { Series } from "./series.ts";

/** Heads that are kept as objects; others are packed. */
const hotHeadsMax = 4096;

/** Positions of a log that no batch was found for. */
export interface LostEntries {
  readonly key: ChannelKey;
  readonly from: number;
  readonly to: number;
}

/** Everything that the store knows, by name and by number: the fold of all records that are durable. */
export class StoreState {
  readonly records = new Map<string, RecordSeries>();
  readonly logs = new Map<string, LogSeries>();
  readonly byNumber = new Map<number, Series>();
  /** In the order of a list. */
  readonly processIds = new SortedTexts();
  nextSeries = 1;
  /** Bytes of all entries that logs still count. */
  keptBytes = 0;
  /** Logs whose heads are objects. */
  readonly #hot = new Set<LogSeries>();
  /** Logs by the keys that they were asked for with: to make and to hash a name takes longer than to look there. */
  readonly #byKey = new WeakMap<ChannelKey, LogSeries>();

  takeNumber(): number {
    return this.nextSeries++;
  }

  /** The log of that key, if there is one. */
  logOf(key: ChannelKey): LogSeries | undefined {
    const known = this.#byKey.get(key);
    if (known?.isRemoved === false) return known;
    const log = this.logs.get(logName(key));
    if (log !== undefined) this.#byKey.set(key, log);
    return log;
  }

  /** The head of a log, to be used for a while. */
  headOf(log: LogSeries): LogSeries["head"] {
    if (!log.isHot) this.#heat(log);
    log.isUsed = true;
    return log.head;
  }

  /** The oldest one that was not used since it was looked at last is packed for it. */
  #heat(log: LogSeries): void {
    log.unpack();
    this.#hot.add(log);
    for (const oldest of this.#hot) {
      if (this.#hot.size <= hotHeadsMax) return;
      this.#hot.delete(oldest);
      if (oldest.isUsed || oldest === log) this.#hot.add(oldest);
      else oldest.pack();
      oldest.isUsed = false;
    }
  }

  putRecord(number: number, processId: string, packed: string, revision: number): RecordSeries {
    const known = this.byNumber.get(number);
    if (known instanceof RecordSeries) {
      known.packed = packed;
      known.revision = revision;
      return known;
    }
    const series = new RecordSeries(number, processId, packed, revision);
    this.#addNumber(series);
    const other = this.records.get(series.processId);
    if (other === undefined) this.processIds.add(series.processId);
    if (isLater(series, other)) this.records.set(series.processId, series);
    return series;
  }

  /** A log with its first batch. */
  openLog(number: number, key: ChannelKey, batch: BatchEffect, revision: number): LogSeries {
    const log = LogSeries.open(number, key, batch);
    this.#addLog(log);
    this.applyBatch(log, batch, revision);
    return log;
  }

  applyBatch(log: LogSeries, batch: BatchEffect, revision: number): void {
    const head = this.headOf(log);
    this.keptBytes -= keptBytesOf(head);
    log.apply(batch, revision);
    this.keptBytes += keptBytesOf(head);
  }

  /** A log as it was at a frame, from a checkpoint or from compaction. */
  putLog(number: number, key: ChannelKey, head: LogSeries["head"], revision: number): void {
    const known = this.byNumber.get(number);
    if (known instanceof LogSeries) {
      // Where its entries are is not in its head.
      this.keptBytes -= keptBytesOf(this.headOf(known));
      known.replaceHead(head, revision);
    } else this.#addLog(new LogSeries(number, key, head, revision));
    this.keptBytes += keptBytesOf(head);
  }

  remove(series: Series): void {
    this.byNumber.delete(series.number);
    if (series instanceof RecordSeries) {
      // Its id may belong to a later process already.
      if (this.records.get(series.processId) !== series) return;
      this.records.delete(series.processId);
      this.processIds.delete(series.processId);
      return;
    }
    series.remove();
    this.keptBytes -= keptBytesOf(series.head);
    this.#hot.delete(series);
    if (this.logs.get(series.name) === series) this.logs.delete(series.name);
  }

  /** Where the series of a segment have their entries; segments are added in their order. */
  addPlaces(segmentId: number, contents: SegmentContents): void {
    for (const { series, first, storedBytes } of contents.list())
      this.addPlace(segmentId, series, first, storedBytes);
  }

  addPlace(segmentId: number, number: number, first: number, storedBytes: number): void {
    const series = this.byNumber.get(number);
    if (series instanceof RecordSeries) {
      if (storedBytes === 0) return;
      series.segmentId = segmentId;
      series.storedBytes = storedBytes;
    } else if (series !== undefined && first > 0) series.addPlace(segmentId, first, storedBytes);
  }

  #addLog(log: LogSeries): void {
    this.#addNumber(log);
    if (isLater(log, this.logs.get(log.name))) this.logs.set(log.name, log);
    this.#heat(log);
    log.isUsed = true;
  }

  #addNumber(series: Series): void {
    this.byNumber.set(series.number, series);
    this.nextSeries = Math.max(this.nextSeries, series.number + 1);
  }
}

/** A replay over a checkpoint meets series again that had ended when it was written: their names may be taken. */
function isLater(series: Series, other: Series | undefined): boolean {
  return other === undefined || other.number < series.number;
}

function keptBytesOf({ cumulativeBytes, trimmedBytes }: LogSeries["head"]): number {
  return cumulativeBytes - trimmedBytes;
}

/** What a replay needs of a record. */
export interface ReplayedRecord {
  readonly header: Pick<RecordHeader, "kind" | "series" | "frame">;
  readonly body: Buffer;
}

/** What a replay could not place: damage, unless what follows explains it. */
export class Replay {
  readonly #state: StoreState;
  /** Series with records and without a beginning: those whose removal follows are none. */
  readonly #unknown = new Map<number, number>();
  readonly #lost: (LostEntries & { readonly series: number })[] = [];

  constructor(state: StoreState) {
    this.#state = state;
  }

  /** Of logs that have not ended: what compaction let go of a log that ends later is not lost. */
  get lost(): readonly LostEntries[] {
    return this.#lost.filter(({ series }) => this.#state.byNumber.has(series));
  }

  /** How often something was found to be missing. */
  get lossCount(): number {
    return this.#lost.length;
  }

  /** Series of which records were found and nothing else. */
  get orphans(): readonly number[] {
    return [...this.#unknown.keys()];
  }

  /** Takes in one record; one that the state reflects already changes nothing. */
  apply({ header, body }: ReplayedRecord): void {
    const { kind, series: number, frame } = header;
    const known = this.#state.byNumber.get(number);
    this.#state.nextSeries = Math.max(this.#state.nextSeries, number + 1);
    if (kind === RecordKind.removal) {
      this.#unknown.delete(number);
      if (known !== undefined) this.#state.remove(known);
    } else if (known !== undefined && frame <= known.revision) return;
    else if (kind === RecordKind.process) this.#putRecord(number, body, frame);
    else if (kind === RecordKind.state) this.#putState(number, body, frame);
    else if (kind === RecordKind.opening) {
      const { key, rest } = decodeNamed(body);
      this.#unknown.delete(number);
      this.#state.openLog(number, key, decodeBatchEffect(rest), frame);
    } else if (known instanceof LogSeries) this.#applyBatch(known, decodeBatchEffect(body), frame);
    else this.#unknown.set(number, frame);
  }

  /** A log or record as it was at the end of a segment, in which its first entry stands at `first`, if any. */
  applySummary(record: ReplayedRecord, first: number): void {
    const { kind, series, frame } = record.header;
    const known = this.#state.byNumber.get(series);
    const isLater = known === undefined || frame > known.revision;
    const last = known instanceof LogSeries && isLater ? this.#state.headOf(known).last : 0;
    this.apply(record);
    if (kind !== RecordKind.state || !isLater || first <= last + 1) return;
    const { key } = this.#state.byNumber.get(series) as LogSeries;
    this.#lost.push({ series, key, from: last + 1, to: first - 1 });
  }

  /** A batch whose header is known and whose body is damaged: its positions are taken, its entries gone. */
  lose({ series, first, entryCount, frame, bodyLength: bytes }: RecordHeader): void {
    const log = this.#state.byNumber.get(series);
    if (!(log instanceof LogSeries) || frame <= log.revision) return;
    const head = this.#state.headOf(log);
    log.revision = frame;
    if (entryCount === 0) return;
    head.last = Math.max(head.last, first + entryCount - 1);
    head.cumulativeBytes += bytes;
    this.#lost.push({ series, key: log.key, from: first, to: head.last });
  }

  #putRecord(number: number, body: Buffer, frame: number): void {
    this.#unknown.delete(number);
    this.#state.putRecord(number, decodeRecord(body).id, body.toString("latin1"), frame);
  }

  #putState(number: number, body: Buffer, frame: number): void {
    const { key, rest } = decodeNamed(body);
    this.#unknown.delete(number);
    this.#state.putLog(number, key, decodeHead(rest), frame);
  }

  #applyBatch(log: LogSeries, batch: BatchEffect, frame: number): void {
    const head = this.#state.headOf(log);
    if (batch.first > head.last + 1)
      this.#lost.push({
        ...{ series: log.number, key: log.key },
        ...{ from: head.last + 1, to: batch.first - 1 },
      });
    this.#state.applyBatch(log, batch, frame);
  }
}

/** A body that begins with the names of its log. */
export function encodeNames(writer: ByteWriter, { life, processId, channel }: ChannelKey): void {
  writer.text(life);
  writer.text(processId);
  writer.text(channel);
}

export function decodeNamed(body: Uint8Array): {
  readonly key: ChannelKey;
  readonly rest: Uint8Array;
} {
  const reader = new ByteReader(body);
  const key = { life: reader.text(), processId: reader.text(), channel: reader.text() };
  return { key, rest: reader.rest() };
}
