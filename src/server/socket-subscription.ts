import type { ChannelSubscription } from "../core/broker/channel-subscription.ts";
import type { SubscriptionItem } from "../core/broker/views.ts";
import { decodeStart, encodeCursor } from "../protocol/cursor.ts";
import type { EncodedMessage } from "../protocol/frame.ts";
import { encodeGap, encodeOutcome } from "../protocol/json-form.ts";
import type { ReceivedMessage } from "../protocol/socket-message.ts";
import { encodePlain, send, toFrameError } from "./socket-link.ts";
import type { PlainMessage, RequestOwner, SocketLink } from "./socket-link.ts";
import type { OutboxSource } from "./socket-outbox.ts";

/** One page: with what JSON adds to small entries and base64 to large ones it stays below a frame. */
const pageLimits = { entriesMax: 256, bytesMax: 24 * 1024 };

type Place = Omit<Extract<ReceivedMessage, { kind: "subscribe" }>, "kind">;

/** A subscription of a socket: sends entries while the client has room for them, and waits for no other. */
export class SocketSubscription implements OutboxSource {
  readonly #id: number;
  readonly #link: SocketLink;
  readonly #owner: RequestOwner;
  #credit: number;
  #subscription: ChannelSubscription | undefined;
  #isClosed = false;
  #hasToldHead = false;

  constructor({ id, credit }: Pick<Place, "id" | "credit">, link: SocketLink, owner: RequestOwner) {
    this.#id = id;
    this.#credit = credit;
    this.#link = link;
    this.#owner = owner;
  }

  async open({ process, channel, after }: Omit<Place, "id" | "credit">): Promise<void> {
    const { broker, caller, outbox } = this.#link;
    try {
      const start = { after: decodeStart(after) };
      const subscription = await broker.subscribe(caller, process, channel, start);
      if (this.#isClosed) {
        subscription.close();
        return;
      }
      this.#subscription = subscription;
      const cursor = encodeCursor(subscription.cursor);
      const last = subscription.lastPosition();
      send(this.#link, { kind: "subscribed", id: this.#id, cursor, last });
      subscription.onNews(() => outbox.ready(this));
      outbox.ready(this);
    } catch (error) {
      if (this.#isClosed) return;
      const told = toFrameError(this.#link, error);
      send(this.#link, { kind: "end", id: this.#id, reason: "failed", error: told });
      this.#owner.ended("subscribe", this.#id);
    }
  }

  addCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, Number.MAX_SAFE_INTEGER);
    this.#link.outbox.ready(this);
  }

  take(): EncodedMessage | undefined | Promise<EncodedMessage | undefined> {
    const credit = this.#credit;
    const bytesMax = Math.min(pageLimits.bytesMax, credit);
    const item = this.#subscription?.take(
      credit > 0 ? { ...pageLimits, bytesMax } : { entriesMax: 0 },
    );
    return item instanceof Promise
      ? item.then((coming) => this.#encode(coming))
      : this.#encode(item);
  }

  /** Where the channel stands, for a client that may think that the line is dead. */
  signOfLife(): void {
    const subscription = this.#subscription;
    if (subscription === undefined || !this.#hasToldHead) return;
    const last = subscription.lastPosition();
    if (subscription.cursor.position >= last) this.#send({ kind: "head", id: this.#id, last });
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#link.outbox.remove(this);
  }

  #send(message: PlainMessage): void {
    send(this.#link, message);
  }

  #encode(item: SubscriptionItem | undefined): EncodedMessage | undefined {
    const subscription = this.#subscription;
    if (subscription === undefined) return undefined;
    const id = this.#id;
    const last = subscription.lastPosition();
    switch (item?.kind) {
      case undefined:
        return this.#encodeHead(subscription, last);
      case "entries": {
        const page = this.#link.pages.encode(item.entries);
        this.#credit -= page.credit;
        const head = `{"kind":"entries","id":${id},"last":${last},"entries":[`;
        return { text: `${head}${page.text}]}`, payloads: page.payloads };
      }
      case "gap":
        return encodePlain({ kind: "gap", id, ...encodeGap(item) });
      case "end":
        return this.#encodeEnd(item);
    }
  }

  /** Told once, so that a reader knows that it has all there is; then with each sign of life. */
  #encodeHead({ cursor }: ChannelSubscription, last: number): EncodedMessage | undefined {
    if (this.#hasToldHead || cursor.position < last) return undefined;
    this.#hasToldHead = true;
    return encodePlain({ kind: "head", id: this.#id, last });
  }

  #encodeEnd({
    reason,
    cursor,
    outcome,
    error,
  }: Extract<SubscriptionItem, { kind: "end" }>): EncodedMessage {
    this.close();
    this.#owner.ended("subscribe", this.#id);
    return encodePlain({
      kind: "end",
      id: this.#id,
      reason,
      cursor: encodeCursor(cursor),
      ...(outcome === undefined ? {} : { outcome: encodeOutcome(outcome) }),
      ...(error === undefined ? {} : { error: toFrameError(this.#link, error) }),
    });
  }
}
