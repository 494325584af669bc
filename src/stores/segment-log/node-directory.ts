import { close, fdatasync, fstat, ftruncate, fsync, open, read, writev } from "node:fs";
import { readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StoreDirectory, StoreFile } from "./store-directory.ts";

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncateFile = promisify(ftruncate);
const statFile = promisify(fstat);

/** Only their owner reads and writes the files of a store. */
const fileMode = 0o600;

/** A directory of this machine's file system. */
export class NodeDirectory implements StoreDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async list(): Promise<readonly string[]> {
    return await readdir(this.#path);
  }

  async create(name: string): Promise<StoreFile> {
    return new NodeFile(await openFile(join(this.#path, name), "wx+", fileMode));
  }

  async open(name: string): Promise<StoreFile> {
    return new NodeFile(await openFile(join(this.#path, name), "r+"));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.#path, from), join(this.#path, to));
  }

  async remove(name: string): Promise<void> {
    await unlink(join(this.#path, name));
  }

  async sync(): Promise<void> {
    // Windows cannot sync a directory, and orders its entries by itself.
    if (process.platform === "win32") return;
    const directory = await openFile(this.#path, "r");
    try {
      await syncAll(directory);
    } finally {
      await closeFile(directory);
    }
  }
}

class NodeFile implements StoreFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#descriptor, into, 0, into.byteLength, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#descriptor, chunks, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  async sync(): Promise<void> {
    await syncFile(this.#descriptor);
  }

  async truncate(length: number): Promise<void> {
    await truncateFile(this.#descriptor, length);
  }

  async size(): Promise<number> {
    return (await statFile(this.#descriptor)).size;
  }

  async close(): Promise<void> {
    await closeFile(this.#descriptor);
  }
}
