import { DurableDirectory } from "./durable-directory.ts";
import { FilePool } from "./file-pool.ts";
import { recover } from "./recovery.ts";
import type { Recovered } from "./recovery.ts";
import { RecordSeries } from "./series.ts";
import { Replay } from "./store-state.ts";
import { StoreOpenError } from "./store-damage.ts";
import type { StoreDamage } from "./store-damage.ts";
import type { StoreDirectory } from "./store-directory.ts";
import { readNote, writeNote } from "./store-note.ts";
import type { StoreNote } from "./store-note.ts";

export interface StoreReport {
  readonly storeId: string;
  readonly format: number;
  /** Whether the last server that used it ended as it should. */
  readonly isClosed: boolean;
  readonly segments: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly lastFrame: number;
  }[];
  readonly bytes: number;
  /** Last frame that is proven to be on disk, and whole frames behind it, which the next start writes again. */
  readonly provenFrame: number;
  readonly unprovenFrames: number;
  readonly checkpoints: readonly number[];
  readonly processes: number;
  readonly openProcesses: number;
  readonly channels: number;
  readonly entries: number;
  /** Of entries, as limits count them. */
  readonly entryBytes: number;
  readonly damages: readonly StoreDamage[];
}

/**
 * What is in a directory that no server uses, without changing anything. All of the log is read where
 * `isThorough`, else what is behind the newest checkpoint. Errors: `StoreOpenError`, `DecodeError`.
 */
export async function inspectStore(
  given: StoreDirectory,
  { isThorough = false }: { readonly isThorough?: boolean } = {},
): Promise<StoreReport> {
  const directory = new DurableDirectory(given);
  const note = await requireNote(directory);
  const files = new FilePool(directory, { openFilesMax: 4, readsAtOnce: 1 });
  try {
    const { storeId } = note;
    const recovered = await recover({
      ...{ directory, files, storeId },
      ...{ usesCheckpoint: !isThorough, readsAll: isThorough },
    });
    // The next start writes them again and shows what is in them: so does the report.
    const replay = new Replay(recovered.state);
    for (const { records } of recovered.unproven)
      for (const record of records) replay.apply(record);
    return reportOf(note, recovered);
  } finally {
    await files.close();
  }
}

/** Gives open processes new epochs at the next start: for a copy that was put back and says nothing of it. */
export async function markForNewEpochs(given: StoreDirectory): Promise<void> {
  const directory = new DurableDirectory(given);
  await writeNote(directory, { ...(await requireNote(directory)), newEpochs: "by_hand" });
}

async function requireNote(directory: DurableDirectory): Promise<StoreNote> {
  const note = await readNote(directory);
  if (note === undefined) throw new StoreOpenError("there is no store in this directory");
  return note;
}

function reportOf({ storeId, format, isClosed }: StoreNote, recovered: Recovered): StoreReport {
  const { state, segments, provenThrough, unproven, checkpoints, damages } = recovered;
  const logs = [...state.logs.values()].map((log) => state.headOf(log));
  const records = [...state.byNumber.values()].filter((series) => series instanceof RecordSeries);
  const listed = segments.all.map(({ name, usedBytes: bytes, lastFrame }) => ({
    name,
    bytes,
    lastFrame,
  }));
  return {
    ...{ storeId, format, isClosed, segments: listed },
    bytes: listed.reduce((sum, { bytes }) => sum + bytes, 0),
    provenFrame: provenThrough,
    unprovenFrames: unproven.length,
    checkpoints,
    processes: records.length,
    openProcesses: records.filter(({ record }) => record.state !== "closed").length,
    channels: logs.length,
    entries: logs.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    entryBytes: state.keptBytes,
    damages,
  };
}
