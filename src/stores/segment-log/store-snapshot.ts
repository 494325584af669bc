import { checkpointName, indexName } from "./segment-names.ts";
import type { StoreNote } from "./store-note.ts";
import type { StoreSession } from "./store-opening.ts";

/** The files that make up a store at one moment. */
export interface StoreSnapshot {
  /** They do not change any more: links to them are as good as copies. */
  readonly finished: readonly string[];
  /** The segment that is written, and its bytes up to the last acknowledged frame; absent before the first. */
  readonly open?: { readonly name: string; readonly length: number };
  /** What a copy says of itself: it may be older than what readers have seen. */
  readonly note: StoreNote;
}

export function takeSnapshot({ log, note }: StoreSession): StoreSnapshot {
  const segments = log.sealedSegments;
  const indexed = segments.filter(({ contents }) => contents === undefined);
  const { active } = log;
  return {
    finished: [
      ...segments.map(({ name }) => name),
      ...indexed.map(({ name }) => indexName(name)),
      ...log.checkpoints.map(checkpointName),
    ],
    ...(active === undefined ? {} : { open: { name: active.name, length: active.usedBytes } }),
    note: { ...note, isClosed: false, newEpochs: "backup" },
  };
}
