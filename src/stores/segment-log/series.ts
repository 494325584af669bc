import { applyBatch, createHead } from "../../core/channel-head.ts";
import type { BatchEffect, ChannelHead } from "../../core/channel-head.ts";
import { ByteWriter } from "../../core/codec/byte-writer.ts";
import { decodeHead, encodeHead } from "../../core/codec/head-codec.ts";
import { decodeRecord, encodeRecord } from "../../core/codec/record-codec.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import type { ChannelKey } from "../../core/store.ts";

/** Numbers of a place: id of a segment, position of the first entry in it, bytes stored there. */
const placeNumbers = 3;
/** A number instead of a field of its own: of a hundred thousand logs each field counts. */
const noRevision = -1;
/** Shared by all logs without a place; never added to. */
const noPlaces: number[] = [];
const scratch = new ByteWriter(4096);

/** The record of one process, from creation to delete. */
export class RecordSeries {
  readonly number: number;
  readonly processId: string;
  /** Encoded, one character a byte: a small part of what it takes as objects. */
  packed: string;
  /** Frame of this version. */
  revision: number;
  /** Segment that holds it, and its bytes there. */
  segmentId = 0;
  storedBytes = 0;

  constructor(number: number, processId: string, packed: string, revision: number) {
    this.number = number;
    this.processId = processId;
    this.packed = packed;
    this.revision = revision;
  }

  get record(): ProcessRecord {
    return decodeRecord(Buffer.from(this.packed, "latin1"));
  }
}

/** One log, from its opening to its removal: its head, and in which segments its entries are. */
export class LogSeries {
  readonly number: number;
  /** See `logName`: it is all that a cold log holds of its key. */
  readonly name: string;
  /** Frame of its last batch; `noRevision` once it is removed. */
  revision: number;
  /** A write of it is under way that was in no queue: see `LogTurns`. */
  isBusy = false;
  /** Its head was used since it was last looked for one to pack. */
  isUsed = false;
  #head: ChannelHead | undefined;
  /** The head while nobody uses it, one character a byte: hundreds of thousands are cold. */
  #packed = "";
  /** In order of positions; see `placeNumbers`. */
  #places = noPlaces;

  constructor(number: number, key: ChannelKey, head: ChannelHead, revision: number) {
    this.number = number;
    this.name = logName(key);
    this.revision = revision;
    this.#head = head;
  }

  static open(number: number, key: ChannelKey, batch: BatchEffect): LogSeries {
    return new LogSeries(number, key, createHead(batch.epoch, batch.term), 0);
  }

  get key(): ChannelKey {
    const [processId = "", life = "", channel = ""] = this.name.split("\n");
    return { life, processId, channel };
  }

  /** To be kept no longer than it is hot. */
  get head(): ChannelHead {
    return this.#head ?? decodeHead(Buffer.from(this.#packed, "latin1"));
  }

  /** Its name may belong to another log, or to none. */
  get isRemoved(): boolean {
    return this.revision === noRevision;
  }

  remove(): void {
    this.revision = noRevision;
  }

  get isHot(): boolean {
    return this.#head !== undefined;
  }

  apply(batch: BatchEffect, revision: number): void {
    applyBatch(this.head, batch);
    this.revision = revision;
  }

  replaceHead(head: ChannelHead, revision: number): void {
    this.#head = head;
    this.revision = revision;
  }

  /** Makes an object of the head, for those who use it or change it. */
  unpack(): void {
    this.#head = this.head;
  }

  /** Takes the head out of its objects. */
  pack(): void {
    this.#packed = this.packedHead;
    this.#head = undefined;
  }

  /** The head as it is now, encoded. */
  get packedHead(): string {
    if (this.#head === undefined) return this.#packed;
    const head = this.#head;
    return packed((writer) => encodeHead(writer, head));
  }

  /** Entries from a position on are in this segment as well. */
  addPlace(segmentId: number, first: number, bytes: number): void {
    const last = this.#places.length - placeNumbers;
    if (last >= 0 && this.#places[last] === segmentId)
      this.#places[last + 2] = (this.#places[last + 2] as number) + bytes;
    // Of exactly that size: spreading and pushing would leave room for more, in each of many cold logs.
    else this.#places = this.#places.concat(segmentId, first, bytes);
  }

  /** Forgets places that hold nothing from the position on. */
  trimPlaces(first: number): void {
    let count = 0;
    while ((this.#places[count + placeNumbers + 1] ?? Infinity) <= first) count += placeNumbers;
    if (count > 0) this.#places = this.#places.slice(count);
  }

  /** The segment in which a position would be, and where the one behind it begins. */
  placeOf(position: number): Place | undefined {
    return placeIn(this.#places, position);
  }

  /** The log as far as it is in some segments. */
  within(isWithin: (segmentId: number) => boolean): PlacedLog {
    const places: number[] = [];
    for (let at = 0; at < this.#places.length; at += placeNumbers)
      if (isWithin(this.#places[at] as number))
        places.push(...this.#places.slice(at, at + placeNumbers));
    const { number, key } = this;
    return { number, key, placeOf: (position) => placeIn(places, position) };
  }

  get places(): readonly { readonly segmentId: number; readonly bytes: number }[] {
    return Array.from({ length: this.#places.length / placeNumbers }, (_, index) => ({
      segmentId: this.#places[index * placeNumbers] as number,
      bytes: this.#places[index * placeNumbers + 2] as number,
    }));
  }
}

export type Series = RecordSeries | LogSeries;

/** What is needed of a log to find its entries. */
export type PlacedLog = Pick<LogSeries, "number" | "key" | "placeOf">;

interface Place {
  readonly segmentId: number;
  readonly next: number;
}

function placeIn(places: readonly number[], position: number): Place | undefined {
  for (let at = places.length - placeNumbers; at >= 0; at -= placeNumbers) {
    if ((places[at + 1] as number) > position && at > 0) continue;
    return { segmentId: places[at] as number, next: places[at + placeNumbers + 1] ?? Infinity };
  }
  return undefined;
}

/** What an encoder writes, as a text of one character a byte: in memory that is less than a buffer. */
function packed(encode: (writer: ByteWriter) => void): string {
  scratch.clear();
  encode(scratch);
  const { buffer, byteOffset, byteLength } = scratch.written;
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

export function packRecord(record: ProcessRecord): string {
  return packed((writer) => encodeRecord(writer, record));
}

/** Joined: a text that is added up stays in memory as its parts. A line feed is in no name. */
export function logName({ life, processId, channel }: ChannelKey): string {
  return [processId, life, channel].join("\n");
}
