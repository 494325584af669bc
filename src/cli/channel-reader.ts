import type { MsgEntry } from "../core/entry.ts";
import type { Outcome } from "../core/process-record.ts";
import {
  decodeCursor,
  decodeEntry,
  decodeOutcome,
  encodeCursor,
  type JsonEnd,
  type JsonEntry,
  type JsonGap,
  type JsonRead,
} from "../protocol/index.ts";
import { isRetryable, retryAfterMsOf, type Api } from "./api.ts";
import { readServerEvents, type ServerEvent } from "./server-events.ts";
import { BackOff, delay } from "../client/back-off.ts";

/** What a channel holds, in its order. `cursor` is where to go on after the item. */
export type ChannelItem =
  | {
      readonly kind: "entry";
      readonly entry: MsgEntry;
      readonly cursor: string;
      readonly json: JsonEntry;
    }
  | ({ readonly kind: "gap" } & JsonGap)
  | { readonly kind: "end"; readonly outcome?: Outcome };

export interface ChannelReaderOptions {
  /** A cursor, or one of the names that the server knows: `start`, `now`, `last:n`. */
  readonly after: string;
  readonly signal?: AbortSignal | undefined;
  /** The line broke or the server asked to come back; told before each wait. */
  readonly onReconnect?: (error: unknown) => void;
}

/**
 * The channel from a cursor to its end, without hole or repeat however often the line breaks. Items that
 * arrived together come together. Throws `ChannelError` once the server refuses for good.
 */
export async function* readChannel(
  api: Api,
  processId: string,
  channel: string,
  { after, signal, onReconnect }: ChannelReaderOptions,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const path = `/v1/processes/${encodeURIComponent(processId)}/channels/${encodeURIComponent(channel)}/entries`;
  const backOff = new BackOff(api.system);
  let isAtBeginning = after === "start";
  let cursor = after === "now" ? await resolveNow(api, path, signal) : after;
  while (true) {
    let failure: unknown;
    try {
      for await (const events of readServerEvents(api, path, {
        query: { after: cursor },
        signal,
      })) {
        backOff.reset();
        if (events === undefined) return yield [{ kind: "end" }];
        const items: ChannelItem[] = [];
        for (const event of events) {
          // Every event carries a cursor; the first one even before any data.
          if (event.id !== undefined && event.id !== "") cursor = event.id;
          items.push(...decodeItem(event, cursor));
        }
        if (isAtBeginning && items.length > 0) {
          isAtBeginning = false;
          items.unshift(...trimmedBefore(items[0]));
        }
        if (items.length > 0) yield items;
        if (items.some(({ kind }) => kind === "end")) return;
      }
    } catch (error) {
      if (signal?.aborted === true || !isRetryable(error)) throw error;
      failure = error;
    }
    onReconnect?.(failure);
    await delay(api.system, backOff.nextDelayMs(retryAfterMsOf(failure)), signal);
  }
}

/** From the start is from the oldest entry that is kept: a copy that lacks the first ones must say so. */
function trimmedBefore(item: ChannelItem | undefined): readonly ChannelItem[] {
  if (item?.kind !== "entry" || item.entry.position <= 1) return [];
  const { epoch } = decodeCursor(item.cursor);
  const { position } = item.entry;
  const cursor = encodeCursor({ epoch, position: position - 1 });
  return [{ kind: "gap", reason: "trimmed", first: position, cursor }];
}

/** Now as a cursor: a line that breaks before the first entry must not make it a later now. */
async function resolveNow(
  api: Api,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const read = await api.retry(
    () => api.request("GET", path, { query: { after: "now", limit: 1 }, signal }),
    { signal },
  );
  return (read as JsonRead).cursor;
}

/** An end for another reason than the process's end is a request to come back, where a refusal would be told. */
function decodeItem({ name, data }: ServerEvent, cursor: string): readonly ChannelItem[] {
  const json: unknown = JSON.parse(data);
  if (name === "message")
    return [
      { kind: "entry", entry: decodeEntry(json as JsonEntry), cursor, json: json as JsonEntry },
    ];
  if (name === "gap") return [{ kind: "gap", ...(json as JsonGap) }];
  if (name !== "end") return [];
  const { reason, outcome } = json as JsonEnd;
  if (reason !== "closed") return [];
  return [{ kind: "end", ...(outcome === undefined ? {} : { outcome: decodeOutcome(outcome) }) }];
}
