import type { FilePool } from "./file-pool.ts";
import { readFully } from "./file-write.ts";
import { decodeSegmentHeader, segmentHeaderBytes } from "./segment-format.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { indexName, isIndexName, parseSegmentName, segmentName } from "./segment-names.ts";
import type { SegmentRange } from "./segment-names.ts";
import { StoreOpenError } from "./store-damage.ts";
import type { StoreDamage } from "./store-damage.ts";
import type { StoreDirectory, StoreFile } from "./store-directory.ts";

export interface SegmentListing {
  /** In order, each number once. */
  readonly headers: readonly SegmentHeader[];
  /** Segments behind the last one in use, which hold nothing yet. */
  readonly unused: readonly SegmentRange[];
  /** What compaction has replaced, former names of segments, and indexes of segments that are gone. */
  readonly superfluous: readonly string[];
  readonly damages: readonly StoreDamage[];
}

/**
 * What is in use of the files that are there. What compaction made counts once one of the files that it
 * replaced is gone: as long as all of them are there, its name may not have reached the disk.
 */
export async function listSegments(
  directory: Pick<StoreDirectory, "list">,
  files: FilePool,
  storeId: string,
): Promise<SegmentListing> {
  const names = await directory.list();
  const ranges = names.map(parseSegmentName).filter((range) => range !== undefined);
  const found: FoundSegment[] = [];
  for (const range of ranges) found.push({ range, decoded: await readHeader(files, range) });
  const { named, formerNames } = dropFormerNames(found);
  const { kept, replaced } = chooseSegments(named);
  const headers: SegmentHeader[] = [];
  const unused: SegmentRange[] = [];
  const damages: StoreDamage[] = [];
  // From the last to the first: only behind everything else a file may be unused.
  for (const { range, decoded } of kept.toReversed()) {
    const name = segmentName(range);
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
    ...replaced.map(({ range }) => segmentName(range)),
    ...formerNames,
    ...names.filter((name) => isIndexName(name) && !indexed.has(name)),
  ];
  return { headers, unused, superfluous, damages };
}

type DecodedHeader = NonNullable<ReturnType<typeof decodeSegmentHeader>>;

interface FoundSegment {
  readonly range: SegmentRange;
  readonly decoded: DecodedHeader | undefined;
}

async function readHeader(files: FilePool, range: SegmentRange): Promise<FoundSegment["decoded"]> {
  const read = (file: StoreFile): Promise<Buffer> => readFully(file, 0, segmentHeaderBytes);
  return decodeSegmentHeader(await files.use(segmentName(range), read));
}

/**
 * A reserve that was given another name may be found by both: it is the segment that its header says.
 * Throws `StoreOpenError` where that one is not there.
 */
function dropFormerNames(found: readonly FoundSegment[]): {
  readonly named: readonly FoundSegment[];
  readonly formerNames: readonly string[];
} {
  const named: FoundSegment[] = [];
  const former: FoundSegment[] = [];
  for (const segment of found) {
    const { range, decoded } = segment;
    const isFormer = decoded !== undefined && segmentName(decoded.header) !== segmentName(range);
    (isFormer ? former : named).push(segment);
  }
  const formerNames = former.map(({ range, decoded }) => {
    const name = segmentName(range);
    const { header } = decoded as DecodedHeader;
    if (named.some((segment) => covers(segment.range, header))) return name;
    throw new StoreOpenError(`${name} is ${segmentName(header)} by its header: name it so again`);
  });
  return { named, formerNames };
}

/** What is gone by it shows in the chain of frames. */
function headerDamage(file: string, reason: string): StoreDamage {
  return { file, offset: 0, length: segmentHeaderBytes, reason, loss: "nothing" };
}

function chooseSegments(found: readonly FoundSegment[]): {
  readonly kept: readonly FoundSegment[];
  readonly replaced: readonly FoundSegment[];
} {
  const width = ({ range }: FoundSegment): number => range.lastId - range.firstId;
  // Of the same width, the later generation is what the earlier one became.
  const ordered = [...found].sort(
    (a, b) => width(a) - width(b) || a.range.generation - b.range.generation,
  );
  let kept: FoundSegment[] = [];
  const replaced: FoundSegment[] = [];
  for (const segment of ordered) {
    const covered = kept.filter(({ range }) => covers(segment.range, range));
    const sources = covered.reduce((sum, { decoded }) => sum + (decoded?.header.sources ?? 0), 0);
    if (covered.length > 0 && sources === segment.decoded?.header.sources) replaced.push(segment);
    else {
      replaced.push(...covered);
      kept = [...kept.filter((one) => !covered.includes(one)), segment];
    }
  }
  kept.sort((a, b) => a.range.firstId - b.range.firstId);
  return { kept, replaced };
}

function covers(outer: SegmentRange, inner: SegmentRange): boolean {
  return outer.firstId <= inner.firstId && inner.lastId <= outer.lastId;
}
