import { realpath } from "node:fs/promises";
import {
  acquireDirectoryLock,
  describeFileSystem,
  hasStore,
  inspectStore,
  markForNewEpochs,
  NodeDirectory,
  type StoreDamage,
  type StoreReport,
} from "../stores/segment-log/index.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { explainStoreFailure } from "./store-failure.ts";
import { escapeText, formatBytes } from "./terminal-text.ts";

export interface OfflineOptions {
  readonly path: string;
  readonly unsafeNoLock: boolean;
}

/** What is in a store, and where it is. */
export interface Inspection extends StoreReport {
  readonly directory: string;
  readonly fileSystem: string;
}

/** Throws `CommandError` for a directory that is in use or holds no store that can be read. */
export async function inspectOffline(
  options: OfflineOptions,
  { isThorough }: { readonly isThorough: boolean },
): Promise<Inspection> {
  return await useOffline(options, async (directory) => ({
    directory: await realpath(options.path),
    fileSystem: await describeFileSystem(options.path),
    ...(await inspectStore(directory, { isThorough })),
  }));
}

/** Throws as `inspectOffline`. */
export async function reepochOffline(options: OfflineOptions): Promise<void> {
  await useOffline(options, (directory) => markForNewEpochs(directory));
}

/** Runs work with a directory that no server has, and that none gets meanwhile. */
async function useOffline<Result>(
  { path, unsafeNoLock }: OfflineOptions,
  work: (directory: NodeDirectory) => Promise<Result>,
): Promise<Result> {
  try {
    if (!(await hasStore(path)))
      throw new CommandError(`there is no store in ${path}`, ExitCode.failure);
    const lock = await acquireDirectoryLock(path, { unsafeNoLock });
    try {
      return await work(new NodeDirectory(path));
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw error instanceof CommandError ? error : explainStoreFailure(error, path);
  }
}

/** Where in which file, what is wrong with it, and what is gone by it. */
export function describeDamage({ file, offset, length, reason, ...rest }: StoreDamage): string {
  const place = file === "" ? "" : `${file} at ${offset}, ${length} bytes: `;
  return `${place}${reason}; ${describeLoss(rest)}`;
}

function describeLoss({
  loss,
  key,
  first,
  last,
}: Pick<StoreDamage, "loss" | "key" | "first" | "last">): string {
  if (loss === "nothing") return "nothing is lost";
  if (loss === "unknown" || key === undefined) return "nobody can say what is lost";
  return `lost: entries ${first} to ${last} of ${key.channel} in ${key.processId}`;
}

/** Rows of a table. */
export function describeInspection(inspection: Inspection): readonly (readonly [string, string])[] {
  const { directory, fileSystem, storeId, format, isClosed, segments, bytes } = inspection;
  const { provenFrame, unprovenFrames, processes, openProcesses, damages } = inspection;
  const rewritten = unprovenFrames === 0 ? "" : `, ${unprovenFrames} more without a proof`;
  return [
    ["directory", escapeText(directory)],
    ["file system", fileSystem],
    ["store", `${escapeText(storeId)}, format ${format}`],
    [
      "last server",
      isClosed ? "ended as it should" : "was killed, or goes on elsewhere: this is a copy",
    ],
    ["segments", `${segments.length}, ${formatBytes(bytes)}`],
    ["frames", `${provenFrame} proven to be on disk${rewritten}`],
    ["processes", `${processes}, ${openProcesses} open`],
    ["channels", String(inspection.channels)],
    ["entries", `${inspection.entries}, ${formatBytes(inspection.entryBytes)}`],
    ["damages", String(damages.length)],
  ];
}
