/** A message as a stream keeps it. */
export interface StreamMessage {
  readonly subject: string;
  /** Its number in the stream: rising for each subject, with holes, never used again. */
  readonly sequence: number;
  readonly data: Uint8Array;
  /** Wall time of the NATS server, in milliseconds since 1970. */
  readonly timestamp: number;
}

/** A message as the stream reports it while it takes it. */
export interface TailMessage {
  readonly sequence: number;
  /** Sequence of the one before it on the same subject, 0 where there is none. */
  readonly previous: number;
  readonly data: Uint8Array;
}

export interface StreamState {
  /** Of all messages, with their headers. */
  readonly bytes: number;
  readonly lastSequence: number;
  /** Name of the server that leads it; undefined where it has one copy only. */
  readonly leader?: string | undefined;
}

export interface FollowOptions {
  /** Sequence of the first message that is reported. */
  readonly from: number;
  /** The messages come without their data. */
  readonly headersOnly?: boolean;
}

/**
 * Why a request to JetStream did not do what was asked.
 * `conflict`: another message is the last of the subject; nothing was written.
 * `full`: the stream has no room; nothing was written.
 * `refused`: it will not be done, whoever tries again; nothing was written.
 * `unavailable`: no answer. A write may have been done, or may yet be.
 */
export type JetStreamFailureKind = "conflict" | "full" | "refused" | "unavailable";

export class JetStreamFailure extends Error {
  readonly kind: JetStreamFailureKind;

  constructor(kind: JetStreamFailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "JetStreamFailure";
    this.kind = kind;
  }
}

/** A subscription that may miss messages; those that come are in order and come once. */
export interface Tail {
  /** Resolves when the server has the subscription: what is written after that is reported. */
  readonly ready: Promise<void>;
  stop(): void;
}

/**
 * What the store needs of JetStream. Reads are answered by the leader of the stream, so what was acknowledged
 * before the call is in them. Every method rejects with `JetStreamFailure` and nothing else, and makes one
 * attempt.
 */
export interface JetStream {
  /** Largest message that the server takes, with its headers, in bytes. */
  readonly messageBytesMax: number;
  /**
   * Writes a message if `expected` is the last sequence of its subject, 0 for none. `replacing` removes those
   * before it on the subject in the same step. Returns its sequence.
   */
  publish(
    subject: string,
    data: Uint8Array,
    options: { readonly expected: number; readonly replacing?: boolean },
  ): Promise<number>;
  /** The last message of a subject, which may hold `*` for a token and end in `>` for all that follow. */
  readLast(stream: string, subject: string): Promise<StreamMessage | undefined>;
  /** The first message of a subject with this sequence or a greater one. */
  readNext(stream: string, subject: string, from: number): Promise<StreamMessage | undefined>;
  /** Removes the messages of a subject with a sequence below. */
  purgeBelow(stream: string, subject: string, sequence: number): Promise<void>;
  readState(stream: string): Promise<StreamState>;
  /** Reports what a stream takes on a subject from now on. */
  tail(subject: string, listener: (message: TailMessage) => void): Tail;
  /**
   * Resolves when the leader of a stream has answered over the connection for tails: what it had sent on before
   * has come, unless it was lost between the servers.
   */
  flushTails(stream: string): Promise<void>;
  /**
   * Reports every message that the stream keeps on a subject with `*` or `>`, from a sequence on, and then those that
   * come. One that was removed before it was reported is left out. Returns what ends it.
   */
  follow(
    stream: string,
    subject: string,
    listener: (message: StreamMessage) => void,
    options: FollowOptions,
  ): () => void;
  /**
   * Tells whoever listens at this moment. Not kept, and nobody answers. Left out while there is no connection; over
   * one that is lost and not known to be, it may come some seconds later.
   */
  broadcast(subject: string, data: Uint8Array): void;
  /** Reports what is told on subjects, `*` for any token. Returns what ends it. */
  listen(subject: string, listener: (subject: string, data: Uint8Array) => void): () => void;
  /** Called each time when the connection is there again: a tail may have missed messages. */
  onReconnect(listener: () => void): () => void;
  close(): Promise<void>;
}
