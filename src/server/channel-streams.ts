import type { ChannelSubscription } from "../core/broker/channel-subscription.ts";
import type { Cursor, SubscriptionItem } from "../core/broker/views.ts";
import type { MsgEntry } from "../core/entry.ts";
import { encodeCursor } from "../protocol/cursor.ts";
import { encodeEnd, encodeEntry, encodeGap, encodeHeartbeat } from "../protocol/json-form.ts";
import { encodeSseEvent, encodeSseId, encodeSseRetry } from "../protocol/sse.ts";
import { RecentValues } from "./recent-values.ts";
import type { Interruption, StreamPart, StreamSource } from "./stream-pump.ts";

export type EventFormat = "json" | "text";

/** After what time a client is asked to come back. */
const retryMs = 1_000;

/** One page of a stream: small enough that ten thousand readers that take nothing have cost little. */
export const pageLimits = { entriesMax: 500, bytesMax: 32 * 1024 };

/** A reconnect with this behind its cursor has seen the end, and is not to come again. */
export const endMark = ".end";

export const eventStreamType = "text/event-stream; charset=utf-8";

const utf8 = new TextDecoder();

// Readers of one channel share its entries, and what the newest of them look like on the wire.
const jsonTexts = new RecentValues<MsgEntry, string>(1_000);
/** Longer ones are not kept: they cost little beside sending them. */
const jsonTextLengthMax = 8 * 1024;

/** Sent before any data, so that a reader that is cut off at once comes back to the same place. */
export function encodeBegin(cursor: string): string {
  return encodeSseRetry(retryMs) + encodeSseId(cursor);
}

/** A channel as server-sent events. */
export class ChannelEvents implements StreamSource {
  readonly contentType = eventStreamType;
  readonly #subscription: ChannelSubscription;
  readonly #format: EventFormat;
  #isCaughtUp = false;

  constructor(subscription: ChannelSubscription, format: EventFormat) {
    this.#subscription = subscription;
    this.#format = format;
  }

  begin(): string {
    return encodeBegin(encodeCursor(this.#subscription.cursor));
  }

  async next(signal: AbortSignal): Promise<StreamPart> {
    if (this.#isCaughtUp)
      return this.#encode(await this.#subscription.next({ ...pageLimits, signal }));
    const item = await this.#subscription.poll(pageLimits);
    if (item !== undefined) return this.#encode(item);
    // Told once, so that a reader knows that it has all there is; then with each sign of life.
    this.#isCaughtUp = true;
    return { data: this.signOfLife() };
  }

  signOfLife(): string {
    const { cursor } = this.#subscription;
    const last = this.#subscription.lastPosition();
    const data = JSON.stringify(encodeHeartbeat({ cursor, last }));
    return encodeSseEvent({ event: "heartbeat", data });
  }

  interruption(reason: Interruption): StreamPart {
    return { data: encodeEndEvent({ reason, cursor: this.#subscription.cursor }), then: "end" };
  }

  close(): void {
    this.#subscription.close();
  }

  #encode(item: SubscriptionItem): StreamPart {
    if (item.kind === "gap") {
      const data = JSON.stringify(encodeGap(item));
      return { data: encodeSseEvent({ event: "gap", id: encodeCursor(item.cursor), data }) };
    }
    if (item.kind === "end") return { data: encodeEndEvent(item), then: "end" };
    const { epoch } = item.cursor;
    return {
      data: item.entries.map((entry) => encodeEntryEvent(entry, epoch, this.#format)).join(""),
    };
  }
}

/** The bytes of a channel's `data` entries as they come, until the end. */
export class ChannelBytes implements StreamSource {
  readonly contentType = "application/octet-stream";
  readonly #subscription: ChannelSubscription;

  constructor(subscription: ChannelSubscription) {
    this.#subscription = subscription;
  }

  begin(): string {
    return "";
  }

  async next(signal: AbortSignal): Promise<StreamPart> {
    const item = await this.#subscription.next({ ...pageLimits, signal });
    if (item.kind === "entries") {
      const payloads = item.entries.filter(({ type }) => type === "data");
      return { data: payloads.map(({ payload }) => payload).filter((p) => p.byteLength > 0) };
    }
    // Only a regular end ends the body regularly: whoever copies it must notice any other, and a gap.
    const isRegular = item.kind === "end" && item.reason === "closed";
    return { data: "", then: isRegular ? "end" : "cut" };
  }

  signOfLife(): undefined {
    return undefined;
  }

  interruption(): StreamPart {
    return { data: "", then: "cut" };
  }

  close(): void {
    this.#subscription.close();
  }
}

function encodeEntryEvent(entry: MsgEntry, epoch: string, format: EventFormat): string {
  const id = encodeCursor({ epoch, position: entry.position });
  // As text only what people read is told; `end` and `error` still move the cursor.
  if (format === "text")
    return entry.type === "data"
      ? encodeSseEvent({ id, data: utf8.decode(entry.payload) })
      : encodeSseId(id);
  return encodeSseEvent({ id, data: jsonTexts.get(entry) ?? encodeJsonText(entry, id) });
}

function encodeJsonText(entry: MsgEntry, cursor: string): string {
  const text = JSON.stringify({ ...encodeEntry(entry), cursor });
  if (text.length <= jsonTextLengthMax) jsonTexts.set(entry, text);
  return text;
}

function encodeEndEvent(
  end: Parameters<typeof encodeEnd>[0] & { readonly cursor: Cursor },
): string {
  const cursor = encodeCursor(end.cursor);
  const id = end.reason === "closed" ? cursor + endMark : cursor;
  return encodeSseEvent({ event: "end", id, data: JSON.stringify(encodeEnd(end)) });
}
