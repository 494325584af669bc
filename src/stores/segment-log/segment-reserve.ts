import type { Clock } from "../../core/system.ts";
import { createDeferred } from "../../core/deferred.ts";
import type { Deferred } from "../../core/deferred.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { writeFully } from "./file-write.ts";
import { segmentName, temporarySuffix } from "./segment-names.ts";
import type { StoreFile } from "./store-directory.ts";

/** One large flush would hold up the syncs of the log: zeros are synced in steps. */
const stepBytes = 4 * 1024 * 1024;
const retryMs = 1_000;

/** The next segment cannot be prepared now. */
export class NoRoomError extends Error {
  constructor(cause: unknown) {
    super("there is no room for another segment", { cause });
    this.name = "NoRoomError";
  }
}

export interface ReserveOptions {
  readonly directory: DurableDirectory;
  readonly clock: Clock;
  readonly segmentBytes: number;
  /** The next segment could not be prepared: the disk is full, or says so. */
  readonly onFull: (error: unknown) => void;
}

/** A file of zeros that is on disk, to be the next segment: writing into it needs no more space. */
export interface PreparedFile {
  readonly id: number;
  readonly file: StoreFile;
  readonly capacity: number;
}

/**
 * Prepares the next segment while the present one is written, and with it keeps the space that closing,
 * cancelling and deleting need on a full disk. Tried again until it is there.
 */
export class SegmentReserve {
  readonly #options: ReserveOptions;
  /** Id of the segment that is or was prepared last. */
  #id = 0;
  #prepared: PreparedFile | undefined;
  #work: Promise<void> | undefined;
  #waiting: Deferred<PreparedFile> | undefined;
  #timer: { cancel(): void } | undefined;
  #error: unknown;
  #isClosed = false;

  constructor(options: ReserveOptions) {
    this.#options = options;
  }

  /** Why there is no next segment, as long as there is none. */
  get error(): unknown {
    return this.#error;
  }

  /** Begins to prepare the segment of that id, unless that was begun before. */
  prepare(id: number): void {
    if (this.#id >= id) return;
    this.#id = id;
    this.#begin(id);
  }

  #begin(id: number): void {
    this.#timer = undefined;
    if (this.#isClosed) return;
    this.#work = this.#prepare(id).catch((error: unknown) => {
      this.#error = error;
      this.#options.onFull(error);
      this.#waiting?.reject(new NoRoomError(error));
      this.#waiting = undefined;
      if (!this.#isClosed) this.#timer = this.#options.clock.after(retryMs, () => this.#begin(id));
    });
  }

  /** The segment of that id, once it is prepared. Rejects with `NoRoomError` where it cannot be prepared now. */
  async take(id: number): Promise<PreparedFile> {
    this.prepare(id);
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared !== undefined) return prepared;
    if (this.#error !== undefined) throw new NoRoomError(this.#error);
    this.#waiting = createDeferred();
    return await this.#waiting.promise;
  }

  /** Takes a file that was prepared before. */
  adopt(prepared: PreparedFile): void {
    this.#id = prepared.id;
    this.#prepared = prepared;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#work;
    await this.#prepared?.file.close();
  }

  async #prepare(id: number): Promise<void> {
    const { directory, segmentBytes } = this.#options;
    const prepared = await prepareSegment(directory, id, segmentBytes, () => this.#isClosed);
    if (prepared === undefined) return;
    this.#error = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#prepared = prepared;
    else waiting.resolve(prepared);
  }
}

/** A new file of zeros, with its name on disk. Leaves nothing behind where it fails or is stopped. */
export async function prepareSegment(
  directory: DurableDirectory,
  id: number,
  capacity: number,
  isStopped: () => boolean = () => false,
): Promise<PreparedFile | undefined> {
  const name = segmentName({ firstId: id, lastId: id, generation: 0 });
  const temporary = name + temporarySuffix;
  const file = await directory.create(temporary);
  try {
    const zeros = new Uint8Array(Math.min(stepBytes, capacity));
    for (let at = 0; at < capacity && !isStopped(); at += zeros.byteLength) {
      await writeFully(file, [zeros.subarray(0, Math.min(zeros.byteLength, capacity - at))], at);
      await file.sync();
    }
  } catch (error) {
    await file.close();
    await directory.discard(temporary);
    throw error;
  }
  if (isStopped()) {
    await file.close();
    await directory.discard(temporary);
    return undefined;
  }
  try {
    await directory.rename(temporary, name);
  } catch (error) {
    await file.close();
    await directory.remove(temporary, name);
    throw error;
  }
  return { id, file, capacity };
}
