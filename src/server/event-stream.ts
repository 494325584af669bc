import type { FastifyReply } from "fastify";
import type { ChannelSubscription } from "../core/broker/channel-subscription.ts";
import type { ProcessWatch } from "../core/broker/process-watch.ts";
import type { Cursor, SubscriptionItem } from "../core/broker/views.ts";
import type { MsgEntry } from "../core/entry.ts";
import type { Clock } from "../core/system.ts";
import { encodeCursor } from "../protocol/cursor.ts";
import { encodeEnd, encodeEntry, encodeGap, encodeProcess } from "../protocol/json-form.ts";
import { encodeSseComment, encodeSseEvent, encodeSseId } from "../protocol/sse.ts";
import { ResponseWriter } from "./response-writer.ts";

export interface StreamOptions {
  readonly clock: Clock;
  readonly stallMs: number;
  readonly heartbeatMs: number;
  /** When the caller's token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export type EventFormat = "json" | "text";

/** Where a client is asked to wait before it comes back. */
const retryMs = 1_000;

/** One page of a stream: small enough that a reader that leaves has cost little. */
const pageLimits = { entriesMax: 500, bytesMax: 256 * 1024 };

/** A reconnect with this behind its cursor has seen the end, and is not to come again. */
export const endMark = ".end";

const utf8 = new TextDecoder();
// Readers of one channel share its entries, and what they look like on the wire.
const jsonTexts = new WeakMap<MsgEntry, string>();

/** Takes the connection over from the framework. */
export function startStream(
  reply: FastifyReply,
  contentType: string,
  { clock, stallMs }: StreamOptions,
): ResponseWriter {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    "content-type": contentType,
    "cache-control": "no-store",
    // Proxies of the nginx family gather a response unless they are told not to.
    "x-accel-buffering": "no",
    // A connection that carried a stream may still hold what its peer has not taken: it is not used again.
    connection: "close",
  });
  raw.flushHeaders();
  return new ResponseWriter(raw, clock, { stallMs });
}

/** Sends everything the subscription has until its end, the peer's leaving, or the token's expiry. */
export async function streamEvents(
  reply: FastifyReply,
  subscription: ChannelSubscription,
  format: EventFormat,
  options: StreamOptions,
): Promise<void> {
  const writer = startStream(reply, "text/event-stream; charset=utf-8", options);
  try {
    const begin = `retry: ${retryMs}\n${encodeSseId(encodeCursor(subscription.cursor))}`;
    if (!(await writer.write(begin))) return;
    for (;;) {
      const item = await nextItem(subscription, writer.signal, options);
      if (item === "heartbeat") {
        if (!(await writer.write(encodeSseComment(`heartbeat ${subscription.lastPosition()}`))))
          break;
      } else if (item === "expired") {
        writer.end(encodeEndEvent("token_expired", subscription.cursor));
        return;
      } else if (item.kind === "end") {
        writer.end(encodeItem(item, format));
        return;
      } else if (!(await writer.write(encodeItem(item, format)))) break;
    }
    if (writer.isStalled) writer.end(encodeEndEvent("too_slow", subscription.cursor));
  } catch (error) {
    if (!writer.signal.aborted) throw error;
  } finally {
    subscription.close();
  }
}

/** The bytes of `data` entries as they come, until the end. A gap cuts the connection: bytes cannot say it. */
export async function streamBytes(
  reply: FastifyReply,
  subscription: ChannelSubscription,
  options: StreamOptions,
): Promise<void> {
  const writer = startStream(reply, "application/octet-stream", options);
  try {
    for (;;) {
      const item = await nextItem(subscription, writer.signal, {
        ...options,
        heartbeatMs: Infinity,
      });
      if (item === "heartbeat") continue;
      if (item !== "expired" && item.kind === "entries") {
        for (const entry of item.entries) {
          if (entry.type !== "data" || entry.payload.byteLength === 0) continue;
          if (!(await writer.write(entry.payload))) {
            if (writer.isStalled) reply.raw.destroy();
            return;
          }
        }
        continue;
      }
      // Only a regular end ends the body regularly: whoever copies it must notice any other.
      if (item !== "expired" && item.kind === "end" && item.reason === "closed") writer.end();
      else reply.raw.destroy();
      return;
    }
  } catch (error) {
    if (!writer.signal.aborted) throw error;
  } finally {
    subscription.close();
  }
}

/** The processes now, then each that changes. */
export async function streamProcesses(
  reply: FastifyReply,
  watch: ProcessWatch,
  options: StreamOptions,
): Promise<void> {
  const writer = startStream(reply, "text/event-stream; charset=utf-8", options);
  try {
    if (!(await writer.write(`retry: ${retryMs}\n\n`))) return;
    for (;;) {
      const changes = await waitAtMost(watch, writer.signal, options);
      if (watch.isClosed) break;
      if (options.clock.now() >= options.expiresAt) {
        writer.end(
          encodeSseEvent({ event: "end", data: JSON.stringify({ reason: "token_expired" }) }),
        );
        return;
      }
      const text = changes.map((change) =>
        "process" in change
          ? encodeSseEvent({
              event: "process",
              data: JSON.stringify(encodeProcess(change.process)),
            })
          : encodeSseEvent({ event: "deleted", data: JSON.stringify({ id: change.deleted }) }),
      );
      if (!(await writer.write(text.length === 0 ? encodeSseComment("heartbeat") : text.join(""))))
        break;
    }
    writer.end(
      encodeSseEvent({
        event: "end",
        data: JSON.stringify({ reason: writer.isStalled ? "too_slow" : "shutdown" }),
      }),
    );
  } catch (error) {
    if (!writer.signal.aborted) throw error;
  } finally {
    watch.close();
  }
}

function encodeItem(item: SubscriptionItem, format: EventFormat): string {
  if (item.kind === "gap") {
    return encodeSseEvent({
      event: "gap",
      id: encodeCursor(item.cursor),
      data: JSON.stringify(encodeGap(item)),
    });
  }
  if (item.kind === "end") {
    const cursor = encodeCursor(item.cursor);
    const id = item.reason === "closed" ? cursor + endMark : cursor;
    return encodeSseEvent({ event: "end", id, data: JSON.stringify(encodeEnd(item)) });
  }
  const { epoch } = item.cursor;
  return item.entries.map((entry) => encodeEntryEvent(entry, epoch, format)).join("");
}

function encodeEntryEvent(entry: MsgEntry, epoch: string, format: EventFormat): string {
  const id = encodeCursor({ epoch, position: entry.position });
  // As text only what people read is told; `end` and `error` still move the cursor.
  if (format === "text")
    return entry.type === "data"
      ? encodeSseEvent({ id, data: utf8.decode(entry.payload) })
      : encodeSseId(id);
  let data = jsonTexts.get(entry);
  if (data === undefined) {
    data = JSON.stringify({ ...encodeEntry(entry), cursor: id });
    jsonTexts.set(entry, data);
  }
  return encodeSseEvent({ id, data });
}

function encodeEndEvent(reason: string, cursor: Cursor): string {
  return encodeSseEvent({
    event: "end",
    id: encodeCursor(cursor),
    data: JSON.stringify(encodeEnd({ reason, cursor })),
  });
}

async function nextItem(
  subscription: ChannelSubscription,
  left: AbortSignal,
  options: StreamOptions,
): Promise<SubscriptionItem | "heartbeat" | "expired"> {
  if (options.clock.now() >= options.expiresAt) return "expired";
  const ready = await subscription.poll(pageLimits);
  if (ready !== undefined) return ready;
  const item = await untilTimer(left, options, (signal) =>
    subscription.next({ ...pageLimits, signal }),
  );
  if (item !== undefined) return item;
  return options.clock.now() >= options.expiresAt ? "expired" : "heartbeat";
}

async function waitAtMost(
  watch: ProcessWatch,
  left: AbortSignal,
  options: StreamOptions,
): Promise<Awaited<ReturnType<ProcessWatch["next"]>>> {
  return (await untilTimer(left, options, (signal) => watch.next({ signal }))) ?? [];
}

/** What `work` returns, or undefined when the next heartbeat or the token's expiry comes first. */
async function untilTimer<Result>(
  left: AbortSignal,
  { clock, heartbeatMs, expiresAt }: StreamOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  left.throwIfAborted();
  const pause = new AbortController();
  const abort = (): void => pause.abort();
  const timer = clock.after(Math.min(heartbeatMs, expiresAt - clock.now()), abort);
  left.addEventListener("abort", abort, { once: true });
  try {
    return await work(pause.signal);
  } catch (error) {
    left.throwIfAborted();
    if (pause.signal.aborted) return undefined;
    throw error;
  } finally {
    timer.cancel();
    left.removeEventListener("abort", abort);
  }
}
