import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type {
  JetStreamClient,
  JetStreamManager,
  JsMsg,
  NextMsgRequest,
  StoredMsg,
} from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { pause } from "../../core/system.ts";
import type { Clock } from "../../core/system.ts";
import { JetStreamFailure } from "./jet-stream.ts";
import type {
  FollowOptions,
  JetStream,
  StreamMessage,
  StreamState,
  Tail,
  TailMessage,
} from "./jet-stream.ts";
import { toFailure } from "./nats-failure.ts";

/** One attempt is given up after this time: an election takes longer, and the write is tried again. */
const requestMs = 2_000;
const followPauseMs = 250;

export interface NatsConnections {
  /** For writes, and reads of a leader. */
  readonly requests: NatsConnection;
  /** A flood of what others write does not delay the answers to what is written from here. */
  readonly tails: NatsConnection;
}

type ReportError = (error: unknown, stage: string) => void;

/** JetStream by the client of NATS. */
export class NatsJetStream implements JetStream {
  readonly #connections: NatsConnections;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #clock: Clock;
  readonly #reportError: ReportError;
  readonly #reconnectListeners = new Set<() => void>();
  #flushing: Promise<void> | undefined;
  #messageBytesMax = 0;
  /** The connection for tails is there, as far as the client knows. */
  #isTailing = true;

  private constructor(
    connections: NatsConnections,
    manager: JetStreamManager,
    clock: Clock,
    reportError: ReportError,
  ) {
    this.#connections = connections;
    this.#client = jetstream(connections.requests, { timeout: requestMs });
    this.#manager = manager;
    this.#clock = clock;
    this.#reportError = reportError;
    void this.#watch(connections.requests);
    void this.#watch(connections.tails);
  }

  static async open(
    connections: NatsConnections,
    clock: Clock,
    reportError: ReportError,
  ): Promise<NatsJetStream> {
    const options = { timeout: requestMs, checkAPI: false };
    const manager = await jetstreamManager(connections.requests, options);
    return new NatsJetStream(connections, manager, clock, reportError);
  }

  get manager(): JetStreamManager {
    return this.#manager;
  }

  /** The client forgets it whenever it dials again: nothing may be refused for that. */
  get messageBytesMax(): number {
    this.#messageBytesMax = this.#connections.requests.info?.max_payload ?? this.#messageBytesMax;
    return this.#messageBytesMax;
  }

  async publish(
    subject: string,
    data: Uint8Array,
    { expected, replacing = false }: { readonly expected: number; readonly replacing?: boolean },
  ): Promise<number> {
    const options = { expect: { lastSubjectSequence: expected }, timeout: requestMs };
    try {
      if (!replacing) return (await this.#client.publish(subject, data, options)).seq;
      const rollup = headers();
      rollup.set("Nats-Rollup", "sub");
      return (await this.#client.publish(subject, data, { ...options, headers: rollup })).seq;
    } catch (error) {
      throw toFailure(error, `publish to ${subject}`);
    }
  }

  readLast(stream: string, subject: string): Promise<StreamMessage | undefined> {
    return this.#read(stream, { last_by_subj: subject });
  }

  readNext(stream: string, subject: string, from: number): Promise<StreamMessage | undefined> {
    // Servers take both together; the client's type has it for direct reads only.
    const query = { seq: from, next_by_subj: subject } satisfies NextMsgRequest;
    return this.#read(stream, query);
  }

  async purgeBelow(stream: string, subject: string, sequence: number): Promise<void> {
    // Servers take 1 for no bound at all, and purge everything.
    if (sequence <= 1) return;
    try {
      await this.#manager.streams.purge(stream, { filter: subject, seq: sequence });
    } catch (error) {
      throw toFailure(error, `purge of ${subject}`);
    }
  }

  async readState(stream: string): Promise<StreamState> {
    try {
      const { state, cluster } = await this.#manager.streams.info(stream);
      return { bytes: state.bytes, lastSequence: state.last_seq, leader: cluster?.leader };
    } catch (error) {
      throw toFailure(error, `state of ${stream}`);
    }
  }

  tail(subject: string, listener: (message: TailMessage) => void): Tail {
    const { tails } = this.#connections;
    const subscription = tails.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) this.#reportError(error, "tail");
        else listener(tailMessage(message));
      },
    });
    return { ready: this.#flush(), stop: () => subscription.unsubscribe() };
  }

  async flushTails(stream: string): Promise<void> {
    const { tails } = this.#connections;
    try {
      const subject = `$JS.API.STREAM.INFO.${stream}`;
      const answer = await tails.request(subject, undefined, { timeout: requestMs });
      // Servers that know of no leader answer, too.
      if (answer.json<{ readonly error?: unknown }>().error === undefined) return;
    } catch (error) {
      throw toFailure(error, `flush of ${stream}`);
    }
    throw new JetStreamFailure("unavailable", `flush of ${stream}: the leader does not answer`);
  }

  follow(
    stream: string,
    subject: string,
    listener: (message: StreamMessage) => void,
    { from, headersOnly = false }: FollowOptions,
  ): () => void {
    let isStopped = false;
    let close = (): void => undefined;
    let next = from;
    const run = async (): Promise<void> => {
      const options = {
        filter_subjects: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: next,
        headers_only: headersOnly,
      };
      const consumer = await this.#client.consumers.get(stream, options);
      const messages = await consumer.consume({
        callback: (message) => {
          next = message.seq + 1;
          if (!isStopped) listener(streamMessage(message));
        },
      });
      close = () => {
        messages.stop();
        // Else the server keeps it for minutes.
        void consumer.delete().catch(() => false);
      };
      if (isStopped) close();
      const error = await messages.closed();
      if (error instanceof Error) throw error;
    };
    const keepRunning = async (): Promise<void> => {
      while (!isStopped && !this.#connections.requests.isClosed()) {
        try {
          await run();
        } catch (error) {
          if (!isStopped) this.#reportError(error, "follow");
        }
        // Also behind one that ended without an error: what ends each of them at once would never rest.
        if (!isStopped) await pause(this.#clock, followPauseMs);
      }
    };
    void keepRunning();
    return () => {
      isStopped = true;
      close();
    };
  }

  broadcast(subject: string, data: Uint8Array): void {
    const { tails } = this.#connections;
    // While it dials, the client keeps what it is given and sends it once it is connected: as news, when it is old.
    if (this.#isTailing && !tails.isClosed()) tails.publish(subject, data);
  }

  listen(subject: string, listener: (subject: string, data: Uint8Array) => void): () => void {
    const subscription = this.#connections.tails.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) this.#reportError(error, "listen");
        else listener(message.subject, message.data);
      },
    });
    return () => subscription.unsubscribe();
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  async close(): Promise<void> {
    const { requests, tails } = this.#connections;
    await Promise.all([requests.close(), tails.close()]);
  }

  /** Those who subscribe in one turn wait for one answer. */
  #flush(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      return this.#connections.tails.flush().catch((error: unknown) => {
        throw toFailure(error, "subscribe");
      });
    });
    return this.#flushing;
  }

  async #read(
    stream: string,
    query: Parameters<JetStreamManager["streams"]["getMessage"]>[1],
  ): Promise<StreamMessage | undefined> {
    try {
      const message: StoredMsg | null = await this.#manager.streams.getMessage(stream, query);
      if (message === null) return undefined;
      const { subject, seq: sequence, data, timestamp } = message;
      return { subject, sequence, data, timestamp: Date.parse(timestamp) };
    } catch (error) {
      throw toFailure(error, `read of ${stream}`);
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (connection === this.#connections.tails) {
        if (type === "disconnect") this.#isTailing = false;
        else if (type === "reconnect") this.#isTailing = true;
      }
      if (type !== "reconnect" && type !== "slowConsumer") continue;
      for (const listener of this.#reconnectListeners) listener();
    }
  }
}

function tailMessage({ headers: head, data }: Msg): TailMessage {
  return {
    sequence: Number(head?.get("Nats-Sequence")),
    previous: Number(head?.get("Nats-Last-Sequence")),
    data,
  };
}

function streamMessage({ subject, seq, data, time }: JsMsg): StreamMessage {
  return { subject, sequence: seq, data, timestamp: time.getTime() };
}
