import { ChannelError, invalidArgument } from "../core/errors.ts";
import type { ReceivedMessage, FrameError } from "../protocol/socket-message.ts";
import { encodeFrameError } from "../protocol/socket-message.ts";
import { RecentValues } from "./recent-values.ts";
import { SocketIds } from "./socket-ids.ts";
import { send } from "./socket-link.ts";
import type { RequestKind, RequestOwner, SocketLink } from "./socket-link.ts";
import { SocketProducer } from "./socket-producer.ts";
import { SocketSubscription } from "./socket-subscription.ts";
import { SocketWatch } from "./socket-watch.ts";

type Message<K extends ReceivedMessage["kind"]> = Extract<ReceivedMessage, { readonly kind: K }>;
/** Messages that are about an id. */
export type Request = Message<RequestKind | "credit" | "unsubscribe" | "append">;

const retryAfterMs = 5_000;
/** Producers too many whose appends are refused by name. */
const refusedMax = 1_000;

/** Everything that a client of a socket asks for under an id. */
export class SocketRequests implements RequestOwner {
  readonly #link: SocketLink;
  readonly #max: number;
  readonly #ids = new SocketIds<SocketSubscription | SocketProducer | SocketWatch>();
  readonly #counts: Record<RequestKind, number> = { subscribe: 0, produce: 0, watch: 0 };
  /** Undefined before the first one. */
  #refusedProducers: RecentValues<number, true> | undefined;
  #unsettledBytes = 0;

  /** So many of each kind at a time. */
  constructor(link: SocketLink, max: number) {
    this.#link = link;
    this.#max = max;
  }

  /** Of appends whose answers the client has not been sent. */
  get unsettledBytes(): number {
    return this.#unsettledBytes;
  }

  /** Throws `invalid_argument` where the client has broken a rule. */
  handle(request: Request): void {
    switch (request.kind) {
      case "subscribe":
        return this.#subscribe(request);
      case "credit":
        return this.#addCredit(request);
      case "unsubscribe":
        return this.#unsubscribe(request);
      case "produce":
        return this.#produce(request);
      case "append":
        return this.#append(request);
      case "watch":
        return this.#watch(request);
    }
  }

  signOfLife(): void {
    for (const item of this.#ids.values())
      if (item instanceof SocketSubscription) item.signOfLife();
  }

  ended(kind: RequestKind, id: number): void {
    this.#counts[kind] -= 1;
    this.#ids.end(id);
  }

  answered(bytes: number): void {
    this.#countUnsettled(-bytes);
  }

  close(): void {
    for (const item of this.#ids.values()) item.close();
    this.#ids.clear();
  }

  #subscribe(request: Message<"subscribe">): void {
    const { id } = request;
    if (!this.#begin("subscribe", id)) return this.#refuse(id);
    const subscription = new SocketSubscription(request, this.#link, this);
    this.#ids.add(id, subscription);
    void subscription.open(request);
  }

  #watch({ id, process }: Message<"watch">): void {
    if (!this.#begin("watch", id)) return this.#refuse(id);
    const watch = new SocketWatch(id, this.#link, this);
    this.#ids.add(id, watch);
    void watch.open(process);
  }

  #produce(request: Message<"produce">): void {
    const { id } = request;
    // It is not answered: what it cannot do its appends are told.
    if (!this.#begin("produce", id)) {
      this.#refusedProducers ??= new RecentValues(refusedMax);
      this.#refusedProducers.set(id, true);
      return;
    }
    this.#ids.add(id, new SocketProducer(request, this.#link, this));
  }

  #append({ id, entries }: Message<"append">): void {
    const producer = this.#ids.get(id);
    if (producer instanceof SocketProducer) this.#countUnsettled(producer.append(entries));
    else if (this.#refusedProducers?.has(id) === true) {
      const sequence = entries[0]?.sequence ?? 0;
      const count = entries.length;
      send(this.#link, { kind: "refused", id, sequence, count, error: overloaded() });
    } else if (producer !== undefined) throw invalidArgument("append.id", "that of a producer");
  }

  #addCredit({ id, bytes }: Message<"credit">): void {
    const subscription = this.#ids.get(id);
    if (subscription instanceof SocketSubscription) subscription.addCredit(bytes);
    else if (subscription !== undefined)
      throw invalidArgument("credit.id", "that of a subscription");
  }

  #unsubscribe({ id }: Message<"unsubscribe">): void {
    const item = this.#ids.get(id);
    if (item instanceof SocketProducer) item.finish();
    else if (item !== undefined) {
      item.close();
      this.ended(item instanceof SocketWatch ? "watch" : "subscribe", id);
    }
  }

  /** False where there are too many. Throws `invalid_argument` for an id that was used. */
  #begin(kind: RequestKind, id: number): boolean {
    this.#ids.requireNew(id);
    if (this.#counts[kind] >= this.#max) {
      this.#ids.end(id);
      return false;
    }
    this.#counts[kind] += 1;
    return true;
  }

  #refuse(id: number): void {
    send(this.#link, { kind: "end", id, reason: "failed", error: overloaded() });
  }

  #countUnsettled(bytes: number): void {
    this.#unsettledBytes += bytes;
    this.#link.pauseOrResume();
  }
}

function overloaded(): FrameError {
  return encodeFrameError(new ChannelError("overloaded", { retryAfterMs }));
}
