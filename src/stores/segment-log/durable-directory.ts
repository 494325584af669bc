import { hasCode } from "./error-code.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { StoreDirectory, StoreFile } from "./store-directory.ts";

const names = "names";

/**
 * A directory whose names are durable once their change is done. Changes run one at a time, each with a sync
 * of its own: a failed sync of the directory takes every change with it that was not on disk, and a later one
 * knows nothing of them (STORAGE: a failed sync marks its pages clean). So nobody else's may be among them.
 */
export class DurableDirectory {
  readonly #directory: StoreDirectory;
  readonly #changes = new KeyedQueue();

  constructor(directory: StoreDirectory) {
    this.#directory = directory;
  }

  list(): Promise<readonly string[]> {
    return this.#directory.list();
  }

  open(name: string): Promise<StoreFile> {
    return this.#directory.open(name);
  }

  /** Makes a file whose name no power loss has to survive: what has to stay is renamed when it is whole. */
  create(temporaryName: string): Promise<StoreFile> {
    return this.#directory.create(temporaryName);
  }

  /** Removes a file that the next start would remove as well. */
  async discard(temporaryName: string): Promise<void> {
    await this.#directory.remove(temporaryName);
  }

  /** Replaces what has the new name, in one step. Where it rejects, nobody knows which name will be found. */
  rename(from: string, to: string): Promise<void> {
    return this.#changes.run(names, async () => {
      await this.#directory.rename(from, to);
      await this.#directory.sync();
    });
  }

  /** Removes those of the files that are there. Where it rejects, any of them may be found again. */
  remove(...removed: readonly string[]): Promise<void> {
    return this.#changes.run(names, async () => {
      for (const name of removed) {
        await this.#directory.remove(name).catch((error: unknown) => {
          if (!hasCode(error, "ENOENT")) throw error;
        });
      }
      if (removed.length > 0) await this.#directory.sync();
    });
  }
}
