import type { StoreDirectory, StoreFile } from "../../src/stores/segment-log/store-directory.ts";
import { SystemError } from "./disk-operation.ts";

/** A directory in memory that loses nothing, for tests that change what is in its files. */
export class MemoryDirectory implements StoreDirectory {
  readonly files: Map<string, MemoryFile>;

  constructor(files: ReadonlyMap<string, MemoryFile> = new Map()) {
    this.files = new Map([...files].map(([name, { bytes }]) => [name, new MemoryFile(bytes)]));
  }

  /** Another directory with the same contents. */
  copy(): MemoryDirectory {
    return new MemoryDirectory(this.files);
  }

  /** The same, with other bytes in one file. */
  copyWith(name: string, change: (bytes: Buffer) => Buffer): MemoryDirectory {
    const copy = this.copy();
    copy.files.set(name, new MemoryFile(change(copy.require(name).bytes)));
    return copy;
  }

  require(name: string): MemoryFile {
    const file = this.files.get(name);
    if (file === undefined) throw new SystemError("ENOENT", "open", name);
    return file;
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async create(name: string): Promise<StoreFile> {
    if (this.files.has(name)) throw new SystemError("EEXIST", "create", name);
    const file = new MemoryFile(Buffer.alloc(0));
    this.files.set(name, file);
    return file;
  }

  async open(name: string): Promise<StoreFile> {
    return this.require(name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.require(from));
    this.files.delete(from);
  }

  async remove(name: string): Promise<void> {
    this.require(name);
    this.files.delete(name);
  }

  async sync(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryFile implements StoreFile {
  bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const part = this.bytes.subarray(position, position + into.byteLength);
    into.set(part);
    return part.byteLength;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const written = Buffer.concat(chunks);
    const length = Math.max(this.bytes.byteLength, position + written.byteLength);
    this.bytes = Buffer.concat([this.bytes], length);
    written.copy(this.bytes, position);
    return written.byteLength;
  }

  async truncate(length: number): Promise<void> {
    this.bytes = Buffer.concat([this.bytes], length);
  }

  async size(): Promise<number> {
    return this.bytes.byteLength;
  }

  async sync(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}
