import type { StoreDirectory, StoreFile } from "./store-directory.ts";

interface PooledFile {
  readonly opened: Promise<StoreFile>;
  users: number;
  isForgotten: boolean;
}

export interface FilePoolOptions {
  readonly openFilesMax: number;
  /** Readers wait for each other: the system's threads are needed for the log. */
  readonly readsAtOnce: number;
}

/** Files that are open for reading: a bounded number, those that were used last. */
export class FilePool {
  readonly #directory: Pick<StoreDirectory, "open">;
  readonly #options: FilePoolOptions;
  /** In the order of last use. */
  readonly #files = new Map<string, PooledFile>();
  readonly #waiting: (() => void)[] = [];
  #reads = 0;

  constructor(directory: Pick<StoreDirectory, "open">, options: FilePoolOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Whoever uses a file keeps it open, also while it is forgotten. */
  async use<Result>(name: string, work: (file: StoreFile) => Promise<Result>): Promise<Result> {
    if (this.#reads >= this.#options.readsAtOnce)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#reads++;
    const pooled = this.#take(name);
    pooled.users++;
    try {
      return await work(await pooled.opened);
    } finally {
      pooled.users--;
      if (pooled.isForgotten && pooled.users === 0) await close(pooled);
      this.#reads--;
      this.#waiting.shift()?.();
    }
  }

  /** Closes a file as soon as nobody uses it: before its name goes. */
  async forget(name: string): Promise<void> {
    const pooled = this.#files.get(name);
    if (pooled === undefined) return;
    this.#files.delete(name);
    pooled.isForgotten = true;
    if (pooled.users === 0) await close(pooled);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((name) => this.forget(name)));
  }

  #take(name: string): PooledFile {
    let pooled = this.#files.get(name);
    if (pooled === undefined) {
      pooled = { opened: this.#directory.open(name), users: 0, isForgotten: false };
      const made = pooled;
      // A file that could not be opened is tried again by the next one who needs it.
      pooled.opened.catch(() => {
        if (this.#files.get(name) === made) this.#files.delete(name);
      });
    }
    this.#files.delete(name);
    this.#files.set(name, pooled);
    this.#closeOldest();
    return pooled;
  }

  #closeOldest(): void {
    if (this.#files.size <= this.#options.openFilesMax) return;
    for (const [name, { users }] of this.#files) {
      if (users > 0) continue;
      void this.forget(name);
      return;
    }
  }
}

/** Nothing was written through it: a close that fails loses nothing. */
async function close({ opened }: PooledFile): Promise<void> {
  await opened.then((file) => file.close()).catch(() => undefined);
}
