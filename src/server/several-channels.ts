import { setMaxListeners } from "node:events";
import type { ChannelSubscription } from "../core/broker/channel-subscription.ts";
import type { SubscriptionItem } from "../core/broker/views.ts";
import { createDeferred } from "../core/deferred.ts";
import type { Deferred } from "../core/deferred.ts";
import { encodeEnd, encodeEntry, encodeGap, encodeHeartbeat } from "../protocol/json-form.ts";
import { encodeSeveralCursor } from "../protocol/several-cursor.ts";
import { encodeSseEvent } from "../protocol/sse.ts";
import { encodeBegin, endMark, eventStreamType, pageLimits } from "./channel-streams.ts";
import type { Interruption, StreamPart, StreamSource } from "./stream-pump.ts";

/** One channel of the stream, with the item it has ready. */
interface Lane {
  readonly channel: string;
  readonly subscription: ChannelSubscription;
  /** After what was sent of it. */
  position: number;
  /** Undefined while nothing is there. */
  ready?: SubscriptionItem | undefined;
  /** Told to look for its next item once the ready one was sent. */
  taken: Deferred<void>;
  isEnded: boolean;
}

/**
 * Several channels of one process as one stream of server-sent events. Each event's id says how far all
 * of them were sent, so that one Last-Event-ID resumes them all. Each channel has one item ready at most,
 * and they take turns: a busy one does not starve the others.
 */
export class SeveralChannels implements StreamSource {
  readonly contentType = eventStreamType;
  readonly #epoch: string;
  readonly #lanes: readonly Lane[];
  readonly #closed = new AbortController();
  #turn = 0;
  #isCaughtUp = false;
  #news: Deferred<void> = createDeferred();
  #failure: unknown;

  constructor(epoch: string, subscriptions: ReadonlyMap<string, ChannelSubscription>) {
    this.#epoch = epoch;
    this.#lanes = [...subscriptions].map(([channel, subscription]) => ({
      channel,
      subscription,
      position: subscription.cursor.position,
      taken: createDeferred(),
      isEnded: false,
    }));
    // Each lane listens to it: more than Node takes for no mistake.
    setMaxListeners(this.#lanes.length, this.#closed.signal);
    for (const lane of this.#lanes) {
      this.#fill(lane).catch((error: unknown) => {
        this.#failure = error;
        this.#news.resolve();
      });
    }
  }

  begin(): string {
    return encodeBegin(this.#id());
  }

  async next(signal: AbortSignal): Promise<StreamPart> {
    for (;;) {
      const lane = this.#nextReady();
      if (lane?.ready !== undefined) return this.#send(lane, lane.ready);
      if (!this.#isCaughtUp && this.#lanes.every(isAtEnd)) {
        this.#isCaughtUp = true;
        return { data: this.signOfLife() };
      }
      await this.#waitForNews(signal);
    }
  }

  signOfLife(): string {
    return this.#lanes
      .filter(({ isEnded }) => !isEnded)
      .map(({ channel, subscription, position }) => {
        const cursor = { epoch: this.#epoch, position };
        const heartbeat = encodeHeartbeat({ cursor, last: subscription.lastPosition() });
        return encodeSseEvent({
          event: "heartbeat",
          data: JSON.stringify({ channel, ...heartbeat }),
        });
      })
      .join("");
  }

  interruption(reason: Interruption): StreamPart {
    const data = JSON.stringify({ reason, cursor: this.#id() });
    return { data: encodeSseEvent({ event: "end", id: this.#id(), data }), then: "end" };
  }

  close(): void {
    this.#closed.abort();
    for (const { subscription, taken } of this.#lanes) {
      subscription.close();
      taken.resolve();
    }
  }

  async #fill(lane: Lane): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted && !lane.isEnded) {
      try {
        lane.ready = await lane.subscription.next({ ...pageLimits, signal });
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      this.#news.resolve();
      await lane.taken.promise;
      lane.taken = createDeferred();
    }
  }

  #nextReady(): Lane | undefined {
    const count = this.#lanes.length;
    for (let step = 0; step < count; step++) {
      const lane = this.#lanes[(this.#turn + step) % count];
      if (lane?.ready === undefined) continue;
      this.#turn = (this.#turn + step + 1) % count;
      return lane;
    }
    return undefined;
  }

  #send(lane: Lane, item: SubscriptionItem): StreamPart {
    lane.ready = undefined;
    lane.isEnded = item.kind === "end";
    const data = this.#encode(lane, item);
    lane.taken.resolve();
    return this.#lanes.every(({ isEnded }) => isEnded) ? { data, then: "end" } : { data };
  }

  #encode(lane: Lane, item: SubscriptionItem): string {
    const { channel } = lane;
    if (item.kind === "entries") {
      return item.entries
        .map((entry) => {
          lane.position = entry.position;
          const id = this.#id();
          const data = JSON.stringify({ channel, ...encodeEntry(entry), cursor: id });
          return encodeSseEvent({ id, data });
        })
        .join("");
    }
    lane.position = item.cursor.position;
    const cursor = this.#id();
    if (item.kind === "gap") {
      const data = JSON.stringify({ channel, ...encodeGap(item), cursor });
      return encodeSseEvent({ event: "gap", id: cursor, data });
    }
    const isLast = this.#lanes.every(({ isEnded }) => isEnded) && item.reason === "closed";
    const data = JSON.stringify({ channel, ...encodeEnd(item), cursor });
    return encodeSseEvent({ event: "end", id: isLast ? cursor + endMark : cursor, data });
  }

  #id(): string {
    const positions = new Map(this.#lanes.map(({ channel, position }) => [channel, position]));
    return encodeSeveralCursor({ epoch: this.#epoch, positions });
  }

  async #waitForNews(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wake = (): void => this.#news.resolve();
    signal.addEventListener("abort", wake, { once: true });
    try {
      await this.#news.promise;
    } finally {
      signal.removeEventListener("abort", wake);
      this.#news = createDeferred();
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
    signal.throwIfAborted();
  }
}

function isAtEnd({ subscription, position, isEnded }: Lane): boolean {
  return isEnded || position >= subscription.lastPosition();
}
