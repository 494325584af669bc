import type { StoreFile } from "../../src/stores/segment-log/store-directory.ts";
import type { DiskCalls } from "./disk-calls.ts";
import { changing, looking, SystemError } from "./disk-operation.ts";
import type { DiskEffect, DiskOperationKind } from "./disk-operation.ts";
import type { SimulatedFile, SyncUnderWay } from "./simulated-file.ts";
import type { SimulatedVolume } from "./simulated-volume.ts";

/** An open file of a simulated disk. */
export class SimulatedHandle implements StoreFile {
  readonly #volume: SimulatedVolume;
  readonly #calls: DiskCalls;
  readonly #name: string;
  readonly #file: SimulatedFile;
  #isOpen = true;

  constructor(volume: SimulatedVolume, calls: DiskCalls, name: string, file: SimulatedFile) {
    this.#volume = volume;
    this.#calls = calls;
    this.#name = name;
    this.#file = file;
    file.handleCount++;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    const effect = looking(() => this.#file.read(into, position));
    return this.#submit("read", effect, position, position + into.byteLength);
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const bytes = Buffer.concat(chunks);
    const write = (length: number): number =>
      this.#volume.write(this.#name, this.#file, bytes.subarray(0, length), position);
    const upTo = (length: number): number => this.#volume.random(length + 1);
    const effect = {
      perform: () => write(bytes.byteLength),
      // What a program that dies or a failing disk has written may end anywhere.
      interrupt: changing(this.#volume.random, () => write(upTo(bytes.byteLength))).interrupt,
      shorten: () => write(Math.max(1, upTo(bytes.byteLength - 1))),
    };
    return this.#submit("write", effect, position, position + bytes.byteLength);
  }

  sync(): Promise<void> {
    let sync: SyncUnderWay;
    return this.#submit("sync", {
      begin: () => {
        sync = this.#file.beginSync();
      },
      perform: () => this.#file.finishSync(sync),
      interrupt: () => this.#file.failSync(sync),
      kill: () => {
        if (this.#volume.random(2) === 0) this.#file.finishSync(sync);
      },
    });
  }

  truncate(length: number): Promise<void> {
    const effect = changing(this.#volume.random, () => this.#file.truncate(length));
    return this.#submit("truncate", effect, Math.min(length, this.#file.size), Infinity);
  }

  size(): Promise<number> {
    return this.#submit(
      "size",
      looking(() => this.#file.size),
    );
  }

  close(): Promise<void> {
    const answer = this.#submit(
      "close",
      looking(() => this.#volume.closeHandle(this.#file)),
    );
    this.#isOpen = false;
    return answer;
  }

  #submit<Value>(
    kind: DiskOperationKind,
    effect: Omit<DiskEffect<Value>, "areas">,
    from = 0,
    to = from,
  ): Promise<Value> {
    if (!this.#isOpen) return Promise.reject(new SystemError("EBADF", kind, this.#name));
    return this.#calls.submit(kind, this.#name, {
      ...effect,
      areas: [{ of: this.#file, from, to }],
    });
  }
}
