import type { ChannelEntry, EntriesOptions, Jobwire } from "../client/index.ts";
import { isChannelError } from "../core/errors.ts";
import type { Outcome } from "../core/process-record.ts";
import { decodeCursor, encodeCursor } from "../protocol/cursor.ts";
import type { JsonGap } from "../protocol/json-form.ts";
import type { Api } from "./api.ts";
import { BackOff, delay } from "../client/back-off.ts";

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
  /** A server that comes back without the process may get it again from who runs it: waits for that. */
  readonly waitsForProcess?: boolean;
}

/**
 * The channel from a cursor to its end, without hole or repeat however often the line breaks. Items that
 * arrived together come together. Throws `ChannelError` once the server refuses for good.
 */
export async function* readChannel(
  api: Api,
  processId: string,
  channel: string,
  { after, signal, onReconnect, waitsForProcess = false }: ChannelReaderOptions,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const wire = api.wire();
  const { clock } = api.system;
  let cursor = after;
  let brokeAtMs = -Infinity;
  const unlisten = wire.onState(({ kind }) => {
    if (kind !== "waiting") return;
    brokeAtMs = clock.monotonicMs();
    onReconnect?.();
  });
  const backOff = new BackOff(api.system);
  try {
    for (;;) {
      try {
        for await (const items of readOnce(wire, { processId, channel, after: cursor, signal })) {
          for (const item of items) if (item.kind !== "end") cursor = item.cursor;
          yield items;
        }
        return;
      } catch (error) {
        const mayComeBack = waitsForProcess && clock.monotonicMs() - brokeAtMs < restoringMsMax;
        if (!mayComeBack || !isChannelError(error, "process_not_found")) throw error;
      }
      await delay(api.system, backOff.nextDelayMs(), signal);
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
}

async function* readOnce(
  wire: Jobwire,
  { processId, channel, after, signal }: Place,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const options = { ...beginningOf(after), ...(signal === undefined ? {} : { signal }) };
  const entries = wire.process(processId).channel(channel).entries(options);
  let isAtBeginning = after === "start";
  for await (const item of entries.items()) {
    const items: readonly ChannelItem[] =
      item.kind === "gap"
        ? [item]
        : item.entries.map((entry) => ({ kind: "entry", entry, cursor: entry.cursor }));
    yield isAtBeginning ? [...trimmedBefore(items[0]), ...items] : items;
    isAtBeginning = false;
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
