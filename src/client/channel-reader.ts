import { isChannelError } from "../core/errors.ts";
import type { Outcome } from "../core/process-record.ts";
import { decodeCursor, encodeCursor } from "../protocol/cursor.ts";
import type { JsonGap } from "../protocol/json-form.ts";
import { BackOff, delay } from "./back-off.ts";
import type { EntriesOptions } from "./channel.ts";
import { sessionOf, type Jobwire } from "./jobwire.ts";
import type { ChannelEntry, ReaderState } from "./reader.ts";

// `run` creates a process again about a second after a server that has forgotten it is back.
const restoringMsMax = 15_000;

/** What a channel holds, in its order. `cursor` is where to go on after the item. */
export type ChannelItem =
  | { readonly kind: "entry"; readonly entry: ChannelEntry; readonly cursor: string }
  | ({ readonly kind: "gap" } & JsonGap)
  | { readonly kind: "end"; readonly outcome?: Outcome };

export interface ChannelReaderOptions {
  /** A cursor, or one of the names that the server knows: `start`, `now`, `last:n`. */
  readonly after: string;
  readonly signal?: AbortSignal | undefined;
  /** The line broke or the server asked to come back; told before each wait. */
  readonly onReconnect?: () => void;
  /** How far it is, at each change. */
  readonly onState?: ((state: ReaderState) => void) | undefined;
  /** A server that comes back without the process may get it again from who runs it: waits for that. */
  readonly waitsForProcess?: boolean;
}

/**
 * The channel from a cursor to its end, without hole or repeat however often the line breaks. Items that
 * arrived together come together. Throws `ChannelError` once the server refuses for good.
 */
export async function* readChannel(
  wire: Jobwire,
  processId: string,
  channel: string,
  { after, signal, onReconnect, onState, waitsForProcess = false }: ChannelReaderOptions,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const { system } = sessionOf(wire);
  const { clock } = system;
  let cursor = after;
  let brokeAtMs = -Infinity;
  const unlisten = wire.onState(({ kind }) => {
    if (kind !== "waiting") return;
    brokeAtMs = clock.monotonicMs();
    onReconnect?.();
  });
  const backOff = new BackOff(system);
  try {
    for (;;) {
      try {
        const place = { processId, channel, after: cursor, signal, onState };
        for await (const items of readOnce(wire, place)) {
          for (const item of items) if (item.kind !== "end") cursor = item.cursor;
          yield items;
        }
        return;
      } catch (error) {
        const mayComeBack = waitsForProcess && clock.monotonicMs() - brokeAtMs < restoringMsMax;
        if (!mayComeBack || !isChannelError(error, "process_not_found")) throw error;
      }
      await delay(system, backOff.nextDelayMs(), signal);
    }
  } finally {
    unlisten();
  }
}

interface Place {
  readonly processId: string;
  readonly channel: string;
  readonly after: string;
  readonly signal: AbortSignal | undefined;
  readonly onState: ((state: ReaderState) => void) | undefined;
}

async function* readOnce(
  wire: Jobwire,
  { processId, channel, after, signal, onState }: Place,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const options = { ...beginningOf(after), ...(signal === undefined ? {} : { signal }) };
  const handle = wire.process(processId).channel(channel);
  const unlisten = onState && handle.onState(onState);
  const entries = handle.entries(options);
  let isAtBeginning = after === "start";
  try {
    for await (const item of entries.items()) {
      const items: readonly ChannelItem[] =
        item.kind === "gap"
          ? [item]
          : item.entries.map((entry) => ({ kind: "entry", entry, cursor: entry.cursor }));
      yield isAtBeginning ? [...trimmedBefore(items[0]), ...items] : items;
      isAtBeginning = false;
    }
  } finally {
    unlisten?.();
  }
  signal?.throwIfAborted();
  const { outcome } = entries;
  yield [{ kind: "end", ...(outcome === undefined ? {} : { outcome }) }];
}

function beginningOf(after: string): EntriesOptions {
  if (after === "start" || after === "now") return { from: after };
  if (after.startsWith("last:")) return { from: { last: Number(after.slice(5)) } };
  return { after };
}

/** From the start is from the oldest entry that is kept: a copy that lacks the first ones must say so. */
function trimmedBefore(item: ChannelItem | undefined): readonly ChannelItem[] {
  if (item?.kind !== "entry" || item.entry.position <= 1) return [];
  const { epoch } = decodeCursor(item.cursor);
  const { position } = item.entry;
  const cursor = encodeCursor({ epoch, position: position - 1 });
  return [{ kind: "gap", reason: "trimmed", first: position, cursor }];
}
