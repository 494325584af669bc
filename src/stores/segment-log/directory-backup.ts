import { copyFile, link, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { DurableDirectory } from "./durable-directory.ts";
import { hasCode } from "./error-code.ts";
import { readFully, writeFully } from "./file-write.ts";
import { NodeDirectory } from "./node-directory.ts";
import type { SegmentLogStore } from "./segment-log-store.ts";
import { noteName, temporarySuffix } from "./segment-names.ts";
import { StoreOpenError } from "./store-damage.ts";
import { writeNote } from "./store-note.ts";
import type { StoreSnapshot } from "./store-snapshot.ts";

const stepBytes = 1024 * 1024;

export interface BackupReport {
  readonly path: string;
  readonly files: number;
  /** Bytes that were copied; the other files are links, which take no space while the original is there. */
  readonly copiedBytes: number;
}

/**
 * Copies a store that is in use to an empty or new directory, where it can be opened as a store. Open
 * processes get new epochs there: readers may have seen more than the copy has. A copy that fails takes away
 * what it has made, so that it can be tried again. Errors: `StoreOpenError` for a directory that is not
 * empty, those of the file system.
 */
export async function backUpStore(
  store: SegmentLogStore,
  from: string,
  to: string,
): Promise<BackupReport> {
  const madeDirectory = await mkdir(to, { recursive: true, mode: 0o700 });
  // One copy after the other: a second one to the same directory finds the first one's files here.
  return await store.snapshot(async (snapshot) => {
    if ((await readdir(to)).length > 0) throw new StoreOpenError(`${to} is not empty`);
    try {
      return await copySnapshot(snapshot, from, to);
    } catch (error) {
      await removeCopy(snapshot, to);
      if (madeDirectory !== undefined) await rmdir(to);
      throw error;
    }
  });
}

/** Names of a store's files only: it is not for the copy to remove anything else. */
async function removeCopy({ finished, open }: StoreSnapshot, to: string): Promise<void> {
  const names = [...finished, ...(open === undefined ? [] : [open.name])];
  for (const name of [...names, noteName, `${noteName}${temporarySuffix}`])
    await rm(join(to, name), { force: true });
}

async function copySnapshot(
  { finished, open, note }: StoreSnapshot,
  from: string,
  to: string,
): Promise<BackupReport> {
  const target = new NodeDirectory(to);
  let copiedBytes = 0;
  for (const name of finished) copiedBytes += await linkOrCopy(join(from, name), to, name);
  if (open !== undefined) {
    await copyPart(new NodeDirectory(from), target, open.name, open.length);
    copiedBytes += open.length;
  }
  await target.sync();
  // Last: a directory without it is no store, so a copy that was broken off is not taken for one.
  await writeNote(new DurableDirectory(target), note);
  return { path: to, files: finished.length + (open === undefined ? 1 : 2), copiedBytes };
}

/** Bytes that were copied: none where a link could be made. */
async function linkOrCopy(from: string, to: string, name: string): Promise<number> {
  try {
    await link(from, join(to, name));
    return 0;
  } catch (error) {
    if (!hasCode(error, "EXDEV") && !hasCode(error, "EPERM") && !hasCode(error, "EMLINK"))
      throw error;
  }
  await copyFile(from, join(to, name));
  const file = await new NodeDirectory(to).open(name);
  try {
    await file.sync();
    return await file.size();
  } finally {
    await file.close();
  }
}

async function copyPart(
  from: NodeDirectory,
  to: NodeDirectory,
  name: string,
  length: number,
): Promise<void> {
  const [source, copy] = [await from.open(name), await to.create(name)];
  try {
    for (let at = 0; at < length; at += stepBytes) {
      const bytes = await readFully(source, at, Math.min(stepBytes, length - at));
      await writeFully(copy, [bytes], at);
    }
    await copy.sync();
  } finally {
    await source.close();
    await copy.close();
  }
}
