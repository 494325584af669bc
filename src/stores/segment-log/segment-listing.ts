import { hasCode } from "./error-code.ts";
import type { FilePool } from "./file-pool.ts";
import { readFully } from "./file-write.ts";
import { decodeSegmentHeader, segmentHeaderBytes } from "./segment-format.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { indexName, isIndexName, parseSegmentName, segmentName } from "./segment-names.ts";
import type { SegmentRange } from "./segment-names.ts";
import { StoreOpenError } from "./store-damage.ts";
import type { StoreDamage } from "./store-damage.ts";
import type { StoreDirectory } from "./store-directory.ts";

export interface SegmentListing {
  /** In order, each number once. */
  readonly headers: readonly SegmentHeader[];
  /** Segments behind the last one in use, which hold nothing yet. */
  readonly unused: readonly SegmentRange[];
  /** What compaction has replaced, and indexes of segments that are gone. */
  readonly superfluous: readonly string[];
  readonly damages: readonly StoreDamage[];
}

/**
 * What the names say: of two files that cover the same numbers the one that compaction made later counts,
 * as it got its name when it was whole.
 */
export async function listSegments(
  directory: StoreDirectory,
  files: FilePool,
  storeId: string,
): Promise<SegmentListing> {
  const names = await directory.list();
  const { kept, replaced } = chooseRanges(names);
  const headers: SegmentHeader[] = [];
  const unused: SegmentRange[] = [];
  const damages: StoreDamage[] = [];
  // From the last to the first: only behind everything else a file may be unused.
  for (const range of kept.toReversed()) {
    const name = segmentName(range);
    const decoded = decodeSegmentHeader(
      await files.use(name, (file) => readFully(file, 0, segmentHeaderBytes)),
    );
    if (decoded === undefined) {
      if (headers.length === 0 && range.generation === 0) unused.unshift(range);
      else damages.unshift(headerDamage(name, "its header is unreadable"));
      continue;
    }
    const { header, isWhole } = decoded;
    if (header.storeId !== storeId)
      throw new StoreOpenError(`${name} belongs to another store (${header.storeId})`);
    if (!isWhole) damages.unshift(headerDamage(name, "one copy of its header is unreadable"));
    headers.unshift(header);
  }
  const indexed = new Set(headers.map((header) => indexName(segmentName(header))));
  const superfluous = [
    ...replaced,
    ...names.filter((name) => isIndexName(name) && !indexed.has(name)),
  ];
  return { headers, unused, superfluous, damages };
}

/** What is gone by it shows in the chain of frames. */
function headerDamage(file: string, reason: string): StoreDamage {
  return { file, offset: 0, length: segmentHeaderBytes, reason, loss: "nothing" };
}

function chooseRanges(names: readonly string[]): {
  readonly kept: readonly SegmentRange[];
  readonly replaced: readonly string[];
} {
  const ranges = names.map(parseSegmentName).filter((range) => range !== undefined);
  const width = ({ firstId, lastId }: SegmentRange): number => lastId - firstId;
  // The wider one is what the narrower ones became; of the same width, the later generation.
  ranges.sort((a, b) => width(b) - width(a) || b.generation - a.generation);
  const kept: SegmentRange[] = [];
  const replaced: string[] = [];
  for (const range of ranges) {
    const isCovered = kept.some((k) => k.firstId <= range.firstId && range.lastId <= k.lastId);
    if (isCovered) replaced.push(segmentName(range));
    else kept.push(range);
  }
  kept.sort((a, b) => a.firstId - b.firstId);
  return { kept, replaced };
}

/** Removes files that are no more needed. The names that replace them are made durable first. */
export async function removeFiles(
  directory: StoreDirectory,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  await directory.sync();
  for (const name of names) {
    await directory.remove(name).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
  }
}
