import type { Channel, ChannelEntry } from "../../../client/index.ts";
import { noticeOf } from "../notices.ts";
import { LineCutter } from "./line-cutter.ts";
import { skipToLine } from "./line-start.ts";
import { noticeLine, type TextLine, type TextPlace } from "./text-line.ts";
import { plainStyle, unknownStyle, type TextStyle } from "./text-style.ts";

export interface OlderRange {
  /** Position of the oldest entry that is kept. */
  readonly first: number;
  /** Where the lines end that are there. */
  readonly end: TextPlace;
  /** How many entries are read. */
  readonly entries: number;
  /** Of which the last bytes are used. */
  readonly bytesMax: number;
}

export interface OlderText {
  readonly lines: readonly TextLine[];
  /** Of what follows, as far as these lines tell. */
  readonly endStyle: TextStyle;
}

/** The lines that stand right before a place; none where there are none. */
export async function loadOlder(
  channel: Channel,
  { first, end, entries, bytesMax }: OlderRange,
  signal: AbortSignal | undefined,
): Promise<OlderText> {
  for (let { position, offset } = end; ; offset = 0) {
    const after = Math.max(first - 1, position - 1 - entries);
    const read = await readRange(channel, after, offset > 0 ? position : position - 1, signal);
    const parts = lastParts(read, { position, offset }, first, bytesMax);
    const older = linesOf(parts, first);
    if (older.lines.length > 0 || after < first) return older;
    position = after + 1;
  }
}

interface OlderPart {
  readonly entry: ChannelEntry;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The last bytes before the end, from the beginning of a line on where there is one. */
function lastParts(
  read: readonly ChannelEntry[],
  end: TextPlace,
  first: number,
  bytesMax: number,
): OlderPart[] {
  const parts: OlderPart[] = [];
  let room = bytesMax;
  for (const entry of read.toReversed()) {
    if (room <= 0) break;
    const { position, type, payload } = entry;
    const before = position === end.position ? payload.subarray(0, end.offset) : payload;
    const whole = type === "data" ? before : new Uint8Array(0);
    const offset = Math.max(0, whole.length - room);
    parts.unshift({ entry, offset, bytes: whole.subarray(offset) });
    room -= whole.length;
  }
  const index = parts.findIndex(({ bytes }) => bytes.length > 0);
  const head = parts[index];
  if (head === undefined || (head.entry.position === first && head.offset === 0)) return parts;
  const skipped = skipToLine(head.bytes);
  const bytes = head.bytes.subarray(skipped);
  return parts.with(index, { entry: head.entry, offset: head.offset + skipped, bytes });
}

function linesOf(parts: readonly OlderPart[], first: number): OlderText {
  const [head] = parts;
  const isBegin = head?.entry.position === first && head.offset === 0;
  const cutter = new LineCutter(isBegin ? plainStyle : unknownStyle);
  const lines: TextLine[] = [];
  const addUnfinished = (isCut: boolean): void => {
    const { unfinished } = cutter;
    if (unfinished !== undefined) lines.push({ ...unfinished, isCut });
    if (unfinished !== undefined) cutter.finish();
  };
  for (const { entry, offset, bytes } of parts) {
    const { position, timestamp: time } = entry;
    const notice = noticeOf(entry);
    if (notice === undefined) lines.push(...cutter.write([{ bytes, position, offset, time }]));
    else {
      addUnfinished(false);
      lines.push(noticeLine(notice, { position, offset: 0 }, time));
    }
  }
  // Where the window began within a line, this is the part before it.
  addUnfinished(true);
  return { lines, endStyle: cutter.endStyle };
}

async function readRange(
  channel: Channel,
  after: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<ChannelEntry[]> {
  const read: ChannelEntry[] = [];
  if (after >= last) return read;
  const options = { after, ...(signal === undefined ? {} : { signal }) };
  for await (const batch of channel.entries(options).batches()) {
    for (const entry of batch) if (entry.position <= last) read.push(entry);
    if ((batch.at(-1)?.position ?? 0) >= last) break;
  }
  return read;
}
