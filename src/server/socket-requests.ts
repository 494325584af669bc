import { ChannelError, invalidArgument } from "../core/errors.ts";
import type { ClientMessage, FrameError } from "../protocol/socket-message.ts";
import { encodeFrameError } from "../protocol/socket-message.ts";
import { RecentValues } from "./recent-values.ts";
import { SocketIds } from "./socket-ids.ts";
import { send } from "./socket-link.ts";
import type { SocketLink } from "./socket-link.ts";
import { SocketProducer } from "./socket-producer.ts";
import { SocketSubscription } from "./socket-subscription.ts";
import { SocketWatch } from "./socket-watch.ts";

type Kind = "subscribe" | "produce" | "watch";
type Message<K extends ClientMessage["kind"]> = Extract<ClientMessage, { readonly kind: K }>;
/** Messages that are about an id. */
export type Request = Message<Kind | "credit" | "unsubscribe" | "append">;

const retryAfterMs = 5_000;
/** Producers too many whose appends are refused by name. */
const refusedMax = 1_000;

/** Everything that a client of a socket asks for under an id. */
export class SocketRequests {
  readonly #link: SocketLink;
  readonly #max: number;
  readonly #onUnsettled: () => void;
  readonly #ids = new SocketIds<SocketSubscription | SocketProducer | SocketWatch>();
  readonly #counts: Record<Kind, number> = { subscribe: 0, produce: 0, watch: 0 };
  readonly #refusedProducers = new RecentValues<number, true>(refusedMax);
  #unsettledBytes = 0;

  /** `onUnsettled` is called when `unsettledBytes` changes. */
  constructor(link: SocketLink, max: number, onUnsettled: () => void) {
    this.#link = link;
    this.#max = max;
    this.#onUnsettled = onUnsettled;
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

  close(): void {
    for (const item of this.#ids.values()) item.close();
    this.#ids.clear();
  }

  #subscribe(request: Message<"subscribe">): void {
    const { id } = request;
    if (!this.#begin("subscribe", id)) return this.#refuse(id);
    const subscription = new SocketSubscription(request, this.#link, () =>
      this.#end("subscribe", id),
    );
    this.#ids.add(id, subscription);
    void subscription.open(request);
  }

  #watch({ id, process }: Message<"watch">): void {
    if (!this.#begin("watch", id)) return this.#refuse(id);
    const watch = new SocketWatch(id, this.#link, () => this.#end("watch", id));
    this.#ids.add(id, watch);
    void watch.open(process);
  }

  #produce(request: Message<"produce">): void {
    const { id } = request;
    // It is not answered: what it cannot do its appends are told.
    if (!this.#begin("produce", id)) return this.#refusedProducers.set(id, true);
    const producer = new SocketProducer(
      request,
      this.#link,
      (bytes) => this.#countUnsettled(-bytes),
      () => this.#end("produce", id),
    );
    this.#ids.add(id, producer);
  }

  #append({ id, entries }: Message<"append">): void {
    const producer = this.#ids.get(id);
    if (producer instanceof SocketProducer) this.#countUnsettled(producer.append(entries));
    else if (this.#refusedProducers.has(id)) {
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
      this.#end(item instanceof SocketWatch ? "watch" : "subscribe", id);
    }
  }

  /** False where there are too many. Throws `invalid_argument` for an id that was used. */
  #begin(kind: Kind, id: number): boolean {
    this.#ids.requireNew(id);
    if (this.#counts[kind] >= this.#max) {
      this.#ids.end(id);
      return false;
    }
    this.#counts[kind] += 1;
    return true;
  }

  #end(kind: Kind, id: number): void {
    this.#counts[kind] -= 1;
    this.#ids.end(id);
  }

  #refuse(id: number): void {
    send(this.#link, { kind: "end", id, reason: "failed", error: overloaded() });
  }

  #countUnsettled(bytes: number): void {
    this.#unsettledBytes += bytes;
    this.#onUnsettled();
  }
}

function overloaded(): FrameError {
  return encodeFrameError(new ChannelError("overloaded", { retryAfterMs }));
}
