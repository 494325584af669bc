import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type {
  FollowOptions,
  JetStream,
  StreamMessage,
  StreamState,
  Tail,
  TailMessage,
} from "../../src/stores/jetstream/jet-stream.ts";
import { SimulatedDelivery, SimulatedFollow, SimulatedTail } from "./simulated-deliveries.ts";
import type { SimulatedNats } from "./simulated-nats.ts";
import { matches, messageBytes } from "./simulated-stream.ts";
import type { SimulatedStream, StreamWrite } from "./simulated-stream.ts";

type Hear = (subject: string, data: Uint8Array) => void;

/** Who listens to which subjects. */
interface Listen {
  readonly pattern: string;
  readonly delivery: SimulatedDelivery<Parameters<Hear>>;
}

/** JetStream as one node has it: each request is under way until the scheduler picks it, and may be lost. */
export class SimulatedJetStream implements JetStream {
  readonly #nats: SimulatedNats;
  readonly #onEnd: () => void;
  readonly #tails = new Map<SimulatedTail, string>();
  readonly #follows = new Set<SimulatedFollow>();
  readonly #listens = new Set<Listen>();
  readonly #reconnectListeners = new Set<() => void>();
  #isCutOff = false;
  #isDead = false;

  constructor(nats: SimulatedNats, onEnd: () => void) {
    this.#nats = nats;
    this.#onEnd = onEnd;
  }

  get messageBytesMax(): number {
    return this.#nats.messageBytesMax;
  }

  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  async publish(
    subject: string,
    data: Uint8Array,
    { expected, replacing }: { readonly expected: number; readonly replacing?: boolean },
  ): Promise<number> {
    const write: StreamWrite = { subject, data, expected, replacing };
    // Found by the client: nothing leaves the node.
    if (messageBytes(write) > this.messageBytesMax)
      throw new JetStreamFailure("refused", "max_payload size exceeded");
    const { faults } = this.#nats;
    await this.#nats.scheduler.pause();
    if (this.#isDead || this.#isCutOff) {
      // What has left the node may still arrive, much later.
      if (this.#nats.random(2) === 0) this.#nats.delay(write);
      return this.#fail("no answer");
    }
    if (this.#nats.happens(faults.lateWrites)) {
      this.#nats.delay(write);
      return this.#fail("timeout");
    }
    const stream = this.#nats.streamTaking(subject);
    return this.#serve(stream, () => this.#nats.write(write));
  }

  async readLast(stream: string, subject: string): Promise<StreamMessage | undefined> {
    return this.#read(stream, (found, asOf) => found.readLast(subject, asOf));
  }

  async readNext(
    stream: string,
    subject: string,
    from: number,
  ): Promise<StreamMessage | undefined> {
    return this.#read(stream, (found, asOf) => found.readNext(subject, from, asOf));
  }

  async purgeBelow(stream: string, subject: string, sequence: number): Promise<void> {
    return this.#request(stream, (found) => found.purgeBelow(subject, sequence));
  }

  async readState(stream: string): Promise<StreamState> {
    return this.#request(stream, (found) => found.state);
  }

  tail(subject: string, listener: (message: TailMessage) => void): Tail {
    const tail = new SimulatedTail(this.#nats, listener, () => this.#isCutOff);
    this.#tails.set(tail, subject);
    return {
      ready: tail.ready,
      stop: () => {
        tail.stop();
        this.#tails.delete(tail);
      },
    };
  }

  async flushTails(stream: string): Promise<void> {
    await this.#request(stream, () => undefined);
    await Promise.all([...this.#tails.keys()].map((tail) => tail.flush()));
  }

  follow(
    stream: string,
    subject: string,
    listener: (message: StreamMessage) => void,
    { from, headersOnly = false }: FollowOptions,
  ): () => void {
    const isCutOff = (): boolean => this.#isCutOff || this.#isDead;
    const tell = (message: StreamMessage): void =>
      listener(headersOnly ? { ...message, data: new Uint8Array() } : message);
    const follow = new SimulatedFollow(this.#nats, { stream, subject, from }, tell, isCutOff);
    this.#follows.add(follow);
    return () => {
      follow.stop();
      this.#follows.delete(follow);
    };
  }

  broadcast(subject: string, data: Uint8Array): void {
    if (!this.#isCutOff && !this.#isDead) this.#nats.broadcast(subject, data);
  }

  listen(pattern: string, hear: Hear): () => void {
    const delivery = new SimulatedDelivery<Parameters<Hear>>(this.#nats, (told) => hear(...told));
    const listen = { pattern, delivery };
    this.#listens.add(listen);
    return () => {
      delivery.stop();
      this.#listens.delete(listen);
    };
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.crash();
  }

  /** The node has stopped, and hears of nothing any more. */
  crash(): void {
    this.#isDead = true;
    this.#onEnd();
    for (const tail of this.#tails.keys()) tail.stop();
    for (const follow of this.#follows) follow.stop();
    for (const { delivery } of this.#listens) delivery.stop();
  }

  /** From now on nothing comes through, in either direction. */
  cutOff(): void {
    this.#isCutOff = true;
    this.#lose();
  }

  /** The connection is there again, or was lost for a moment only. */
  reconnect(): void {
    this.#isCutOff = false;
    this.#lose();
    for (const follow of this.#follows) follow.wake();
    for (const listener of [...this.#reconnectListeners]) listener();
  }

  /** What a stream has taken, on the subject where it says so. */
  republish(subject: string, message: TailMessage): void {
    if (this.#isCutOff || this.#nats.happens(this.#nats.faults.lostTails)) return;
    for (const [tail, tailed] of this.#tails) if (tailed === subject) tail.take(message);
  }

  wake(stream: string): void {
    for (const follow of this.#follows) if (follow.stream === stream) follow.wake();
  }

  tell(subject: string, data: Uint8Array): void {
    if (this.#isCutOff || this.#nats.happens(this.#nats.faults.lostTails)) return;
    for (const { pattern, delivery } of this.#listens)
      if (matches(pattern, subject)) delivery.take([subject, data]);
  }

  /** What was on its way to here is lost. */
  #lose(): void {
    for (const tail of this.#tails.keys()) tail.lose();
    for (const { delivery } of this.#listens) delivery.lose();
  }

  #read<Result>(
    name: string,
    read: (stream: SimulatedStream, asOf: number | undefined) => Result,
  ): Promise<Result> {
    // Which of the two leaders answers is chance.
    const { deposed, random } = this.#nats;
    const isStale = deposed.has(name) && random(2) === 0;
    return this.#request(name, (stream) => read(stream, isStale ? deposed.get(name) : undefined));
  }

  async #request<Result>(
    name: string,
    serve: (stream: SimulatedStream) => Result,
  ): Promise<Result> {
    await this.#nats.scheduler.pause();
    if (this.#isDead || this.#isCutOff) return this.#fail("no answer");
    const stream = this.#nats.streamNamed(name);
    return this.#serve(stream, () => serve(stream));
  }

  /** A request has arrived. */
  async #serve<Result>({ name }: SimulatedStream, serve: () => Result): Promise<Result> {
    const { faults, leaderless } = this.#nats;
    if (leaderless.has(name)) return this.#fail("no responders");
    if (this.#nats.happens(faults.lostRequests)) return this.#fail("wrong last sequence");
    let outcome: { readonly value: Result } | { readonly error: unknown };
    try {
      outcome = { value: serve() };
    } catch (error) {
      outcome = { error };
    }
    if (this.#nats.happens(faults.lostAnswers)) return this.#fail("timeout");
    await this.#answer();
    if (this.#isCutOff) return this.#fail("no answer");
    if ("value" in outcome) return outcome.value;
    throw outcome.error;
  }

  async #fail(reason: string): Promise<never> {
    await this.#answer();
    throw new JetStreamFailure("unavailable", reason);
  }

  /** An answer is on its way. One to a node that has stopped never comes. */
  async #answer(): Promise<void> {
    await this.#nats.scheduler.pause();
    if (this.#isDead) await new Promise<never>(() => undefined);
  }
}
