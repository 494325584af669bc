import type { SegmentHeader } from "./segment-format.ts";

/** Names of the files in a store's directory. */
export const noteName = "store.json";
export const temporarySuffix = ".tmp";
const segmentSuffix = ".segment";
const indexSuffix = ".index";
const segmentForm = /^(\d{10,15})(?:-(\d{10,15})\.g(\d{1,9}))?\.segment$/;
const checkpointForm = /^(\d{15})\.checkpoint$/;

export type SegmentRange = Pick<SegmentHeader, "firstId" | "lastId" | "generation">;

/** `0000000007.segment`, or `0000000005-0000000008.g2.segment` for what compaction made of four. */
export function segmentName({ firstId, lastId, generation }: SegmentRange): string {
  const id = (value: number): string => String(value).padStart(10, "0");
  if (generation === 0) return `${id(firstId)}${segmentSuffix}`;
  return `${id(firstId)}-${id(lastId)}.g${generation}${segmentSuffix}`;
}

export function indexName(segment: string): string {
  return segment.slice(0, -segmentSuffix.length) + indexSuffix;
}

export function parseSegmentName(name: string): SegmentRange | undefined {
  const match = segmentForm.exec(name);
  if (match === null) return undefined;
  const [, first, last = first, generation = "0"] = match;
  return { firstId: Number(first), lastId: Number(last), generation: Number(generation) };
}

export function isIndexName(name: string): boolean {
  return name.endsWith(indexSuffix);
}

export function checkpointName(frame: number): string {
  return `${String(frame).padStart(15, "0")}.checkpoint`;
}

/** The frame whose state it describes. */
export function parseCheckpointName(name: string): number | undefined {
  const match = checkpointForm.exec(name);
  return match === null ? undefined : Number(match[1]);
}
