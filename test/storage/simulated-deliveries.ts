import { createDeferred } from "../../src/core/deferred.ts";
import type { Deferred } from "../../src/core/deferred.ts";
import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type { StreamMessage, Tail, TailMessage } from "../../src/stores/jetstream/jet-stream.ts";
import type { SimulatedNats } from "./simulated-nats.ts";

/** Turns that pass before a slow message. */
const slowTurnsMax = 60;

/** What is on its way to a subscriber: in order, and lost with the connection. */
export class SimulatedDelivery<Item> {
  readonly #nats: SimulatedNats;
  readonly #listener: (item: Item) => void;
  #queue: Item[] = [];
  #isStopped = false;
  #isUnderWay = false;
  #flushed: Deferred<void> | undefined;

  constructor(nats: SimulatedNats, listener: (item: Item) => void) {
    this.#nats = nats;
    this.#listener = listener;
  }

  stop(): void {
    this.#isStopped = true;
    this.lose();
  }

  take(item: Item): void {
    if (this.#isStopped) return;
    this.#queue.push(item);
    this.#deliver();
  }

  /** What was on its way is lost. */
  lose(): void {
    this.#queue = [];
    this.#flushIfDone();
  }

  /** Resolves when nothing is on its way any more. */
  flush(): Promise<void> {
    this.#flushed ??= createDeferred();
    const { promise } = this.#flushed;
    this.#flushIfDone();
    return promise;
  }

  #flushIfDone(): void {
    if (this.#queue.length > 0) return;
    this.#flushed?.resolve();
    this.#flushed = undefined;
  }

  #deliver(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { scheduler, random, faults } = this.#nats;
    let turns = this.#nats.happens(faults.slowTails) ? random(slowTurnsMax) : 0;
    scheduler.submit({
      step: () => {
        if (turns-- > 0 && this.#queue.length > 0) return false;
        this.#isUnderWay = false;
        const [item] = this.#queue.splice(0, 1);
        if (item !== undefined) this.#listener(item);
        if (this.#queue.length > 0) this.#deliver();
        else this.#flushIfDone();
        return true;
      },
    });
  }
}

/** A plain subscription on a republished subject, of which some messages may be lost. */
export class SimulatedTail extends SimulatedDelivery<TailMessage> implements Tail {
  readonly ready: Promise<void>;
  #isActive = false;

  constructor(
    nats: SimulatedNats,
    listener: (message: TailMessage) => void,
    isCutOff: () => boolean,
  ) {
    super(nats, listener);
    this.ready = nats.scheduler.pause().then(() => {
      // The client subscribes again by itself when it is connected again.
      this.#isActive = true;
      if (isCutOff()) throw new JetStreamFailure("unavailable", "subscribe: no connection");
    });
    this.ready.catch(() => undefined);
  }

  override take(message: TailMessage): void {
    if (this.#isActive) super.take(message);
  }
}

/** An ordered consumer: all that a stream keeps on a subject, one after the other, however late. */
export class SimulatedFollow {
  readonly stream: string;
  readonly #nats: SimulatedNats;
  readonly #subject: string;
  readonly #listener: (message: StreamMessage) => void;
  readonly #isCutOff: () => boolean;
  #next: number;
  #isStopped = false;
  #isUnderWay = false;

  constructor(
    nats: SimulatedNats,
    place: { readonly stream: string; readonly subject: string; readonly from: number },
    listener: (message: StreamMessage) => void,
    isCutOff: () => boolean,
  ) {
    this.#nats = nats;
    this.stream = place.stream;
    this.#subject = place.subject;
    this.#next = place.from;
    this.#listener = listener;
    this.#isCutOff = isCutOff;
    this.wake();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** There may be something to report. */
  wake(): void {
    if (this.#isUnderWay || this.#isStopped || this.#isCutOff()) return;
    if (this.#read() === undefined) return;
    this.#isUnderWay = true;
    const { scheduler, random, faults } = this.#nats;
    let turns = this.#nats.happens(faults.slowTails) ? random(slowTurnsMax) : 0;
    scheduler.submit({
      step: () => {
        if (turns-- > 0) return false;
        this.#isUnderWay = false;
        if (this.#isStopped || this.#isCutOff()) return true;
        const message = this.#read();
        if (message === undefined) return true;
        this.#next = message.sequence + 1;
        this.#listener(message);
        this.wake();
        return true;
      },
    });
  }

  #read(): StreamMessage | undefined {
    return this.#nats.streamNamed(this.stream).readNext(this.#subject, this.#next);
  }
}
