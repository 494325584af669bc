import type { DurableDirectory } from "./durable-directory.ts";
import { hasCode } from "./error-code.ts";
import { readFully, writeFully } from "./file-write.ts";
import { formatVersion } from "./segment-format.ts";
import { noteName } from "./segment-names.ts";
import { writeNewFile } from "./segment.ts";
import { StoreOpenError } from "./store-damage.ts";
import type { StoreDirectory } from "./store-directory.ts";

/** Why cursors of open processes are no longer valid when the store is opened next. */
export type EpochMark = "backup" | "damage" | "by_hand" | "failure";

/** The file that makes a directory a store, and says how its last life ended. */
export interface StoreNote {
  readonly format: number;
  readonly storeId: string;
  /** The machine's boot in which it was opened last. */
  readonly bootId: string;
  /** Whether acknowledged frames were always on disk. */
  readonly isSynced: boolean;
  readonly isClosed: boolean;
  readonly newEpochs?: EpochMark;
  /** Damage that was met before: `<file>:<offset>`. */
  readonly knownDamages: readonly string[];
}

/** Undefined in a directory that holds no store. Throws `StoreOpenError`. */
export async function readNote(
  directory: Pick<StoreDirectory, "open">,
): Promise<StoreNote | undefined> {
  let text: string;
  try {
    const file = await directory.open(noteName);
    try {
      text = (await readFully(file, 0, await file.size())).toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const note = parse(text);
  if (note.format === formatVersion) return note;
  throw new StoreOpenError(
    `the store is of format ${note.format}; this release reads format ${formatVersion}`,
  );
}

function parse(text: string): StoreNote {
  try {
    const note = JSON.parse(text) as StoreNote;
    if (typeof note.format === "number" && typeof note.storeId === "string") return note;
  } catch (error) {
    throw new StoreOpenError(`${noteName} is damaged`, { cause: error });
  }
  throw new StoreOpenError(`${noteName} is damaged`);
}

export async function writeNote(directory: DurableDirectory, note: StoreNote): Promise<void> {
  const text = `${JSON.stringify(note, undefined, 2)}\n`;
  await writeNewFile(directory, noteName, (file) => writeFully(file, [Buffer.from(text)], 0));
}

/** Whether what was shown may be gone: then positions may come to name other entries. */
export function needsNewEpochs({ isClosed, isSynced, bootId }: StoreNote, boot: string): boolean {
  return !isClosed && !isSynced && (bootId === "" || bootId !== boot);
}
