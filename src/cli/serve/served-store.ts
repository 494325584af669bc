import { isAbsolute, relative } from "node:path";
import { totalmem } from "node:os";
import { ChannelError, invalidArgument } from "../../core/errors.ts";
import { StoreRejection, type Store } from "../../core/store.ts";
import type { BackUp } from "../../server/index.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import {
  backUpStore,
  openSegmentLogStore,
  StoreOpenError,
  type SegmentLogStore,
} from "../../stores/segment-log/index.ts";
import { hasCode, reasonOf, storePathOf } from "../data-directory.ts";
import { explainStoreFailure } from "../store-failure.ts";
import type { ServeConfiguration } from "./serve-configuration.ts";

/** The store that was chosen, and what a server is told of it. */
export interface ServedStore {
  readonly store: Store;
  /** Undefined: as the broker has it. */
  readonly storeBytesMax?: number;
  readonly backUp?: BackUp;
  /** What the person who starts the server should know of it. */
  readonly warnings?: readonly string[];
}

type OnError = (error: unknown, context: { readonly stage: string }) => void;

/** Throws `CommandError` for a store that is in use or cannot be opened. */
export async function openServedStore(
  { dataDirectory, store: kind, nats, sync, unsafeNoLock, storeBytesMax }: ServeConfiguration,
  onError: OnError,
): Promise<ServedStore> {
  if (nats !== undefined) {
    // Only here: most servers need no client of NATS.
    const { openNatsStore } = await import("../nats/nats-store.ts");
    const { limitBytes, ...opened } = await openNatsStore(nats, onError);
    return { ...opened, storeBytesMax: storeBytesMax ?? limitBytes };
  }
  if (kind === "memory")
    return {
      store: new MemoryStore({ shared: false }),
      storeBytesMax: storeBytesMax ?? Math.floor(totalmem() / 2),
    };
  const path = storePathOf(dataDirectory);
  const options = { sync, unsafeNoLock, onError };
  const store = await openSegmentLogStore(path, options).catch((error: unknown) =>
    Promise.reject(explainStoreFailure(error, path)),
  );
  return {
    store,
    ...(storeBytesMax === undefined ? {} : { storeBytesMax }),
    backUp: (directory) => backUp(store, path, directory),
  };
}

/** What the file system says of a path that the caller has to choose otherwise. */
const pathCodes = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENAMETOOLONG", "ELOOP"];

async function backUp(store: SegmentLogStore, path: string, directory: string): ReturnType<BackUp> {
  const inside = relative(path, directory);
  if (!inside.startsWith("..") && !isAbsolute(inside))
    throw invalidArgument("directory", "a directory outside of the store", directory);
  try {
    return await backUpStore(store, path, directory);
  } catch (error) {
    if (error instanceof StoreOpenError || pathCodes.some((code) => hasCode(error, code)))
      throw invalidArgument(
        "directory",
        "new or empty, and the server's to write",
        reasonOf(error),
      );
    const code =
      error instanceof StoreRejection && error.kind === "failed" ? "store_failed" : "unavailable";
    throw new ChannelError(code, { reason: reasonOf(error) }, { cause: error });
  }
}
