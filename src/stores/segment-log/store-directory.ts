/**
 * Everything that the store does with a disk. Names are plain names within one directory. All methods reject
 * with the error of the system (`code` such as `ENOSPC`, `EIO`, `ENOENT`).
 */
export interface StoreDirectory {
  /** Names of the files, in no order. */
  list(): Promise<readonly string[]>;
  /** Makes a file that is not there yet, empty, for reading and writing. Its name is durable after `sync`. */
  create(name: string): Promise<StoreFile>;
  /** Opens a file that is there, for reading and writing. */
  open(name: string): Promise<StoreFile>;
  /** Replaces what has the new name, in one step. Durable after `sync`. */
  rename(from: string, to: string): Promise<void>;
  /** Durable after `sync`. Whoever has the file open can go on with it. */
  remove(name: string): Promise<void>;
  /** Makes the names durable as they are now; not what is in the files. */
  sync(): Promise<void>;
}

/** An open file. Nothing of it is durable before `sync`, and a failed `sync` may have made any part so. */
export interface StoreFile {
  /** Bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Bytes written, which may be fewer than given: the caller goes on behind them. */
  write(chunks: readonly Uint8Array[], position: number): Promise<number>;
  /** Makes contents and size durable. */
  sync(): Promise<void>;
  /** Cuts the file, or lengthens it with zeros. */
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}
