import { encodePayload, requireMsgType, requireSafeInteger } from "../core/entry.ts";
import { invalidArgument, isChannelError } from "../core/errors.ts";
import type { ChannelView } from "../core/broker/views.ts";
import type { JsonChannel, JsonGap } from "../protocol/json-form.ts";
import { decodeChannelView } from "../protocol/process-form.ts";
import {
  createReadable,
  createWritable,
  readLines,
  type StreamOptions,
} from "./channel-streams.ts";
import { Entries } from "./entries.ts";
import { channelPath } from "./http.ts";
import { Listeners } from "./listeners.ts";
import type { Producer, SendReceipt, SentEntry } from "./producer.ts";
import { Reader, type ChannelEntry, type ReaderState } from "./reader.ts";
import { readReplies } from "./replies.ts";
import type { Session } from "./session.ts";

export interface SendOptions {
  /** `data` unless given: `end` and `error` finish a stream, `<area>.<name>` is the application's own. */
  readonly type?: string;
  /** Position of the entry that this one answers. */
  readonly replyTo?: number;
  /** Sequence of the other side's entry that this one answers. */
  readonly inReplyTo?: number;
  /** Text of an entry of the type `error`. */
  readonly error?: string;
}

export type Payload = string | Uint8Array;

export interface EntriesOptions {
  /** A cursor that was stored, or a position. Excludes `from`. */
  readonly after?: string | number;
  /** Where to begin without a cursor; `start` unless given. */
  readonly from?: "start" | "now" | { readonly last: number };
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
  /** History is gone: told in its place between the entries. */
  readonly onGap?: (gap: JsonGap) => void;
}

export interface RequestOptions extends SendOptions {
  /** How long to wait for each part of the reply. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A channel of a process, as one client uses it. Each client instance is a producer of its own. */
export class Channel {
  readonly processId: string;
  readonly name: string;
  readonly #session: Session;
  readonly #producer: () => Producer;
  readonly #states = new Listeners<ReaderState>({ kind: "connecting" });

  /** Made by `channel(name)` of a process or a job. */
  constructor(session: Session, processId: string, name: string, producer: () => Producer) {
    this.#session = session;
    this.processId = processId;
    this.name = name;
    this.#producer = producer;
  }

  /** As others see it in the `producer` of what this one sends; a server that lost entries makes it another. */
  get producerId(): string {
    return this.#producer().id;
  }

  /** What it holds, and whether it has ended. */
  async get(): Promise<ChannelView> {
    const path = channelPath(this.processId, this.name);
    return decodeChannelView((await this.#session.http.persist("GET", path)) as JsonChannel);
  }

  /** Added once and in order, however often it has to be sent; resolves when it is durable. */
  send(payload: Payload, options: SendOptions = {}): Promise<SendReceipt> {
    try {
      // Not awaited: two promises more for each entry would be a tenth of what sending costs.
      return this.#producer().send(createInput(payload, options));
    } catch (error) {
      if (!isChannelError(error)) throw error;
      return Promise.reject(error);
    }
  }

  /** In this order. Rejects with the first refusal; the others are sent all the same. */
  async sendMany(payloads: readonly Payload[], options: SendOptions = {}): Promise<SendReceipt[]> {
    const inputs = payloads.map((payload) => createInput(payload, options));
    const producer = this.#producer();
    return await Promise.all(inputs.map((input) => producer.send(input)));
  }

  /** Everything after a place, without hole or repeat, until the process ends. It begins to read at once. */
  entries({ after, from = "start", signal, onGap }: EntriesOptions = {}): Entries {
    const start = typeof from === "string" ? from : `last:${from.last}`;
    const reader = this.#read(after === undefined ? start : String(after));
    return new Entries(reader, { signal, onGap });
  }

  /** Sends, and gives the entries that answer it, until one of the type `end`. Throws `request_timeout`, and `StreamError` for one of the type `error`. */
  request(payload: Payload, options: RequestOptions = {}): AsyncIterable<ChannelEntry> {
    const { timeoutMs = 60_000, signal, ...sending } = options;
    const sent = this.send(payload, sending);
    const { system } = this.#session;
    return readReplies({
      sent,
      read: (after) => this.#read(String(after)),
      system,
      timeoutMs,
      signal,
    });
  }

  /** The payloads of the others' `data` entries as bytes; their `end` finishes it, their `error` fails it. */
  readable(options: StreamOptions & EntriesOptions = {}): ReadableStream<Uint8Array> {
    return createReadable(this.entries(options), this.#producer().id, options);
  }

  /** Bytes and texts become `data` entries, closing it an `end`, aborting it an `error`. */
  writable(options: StreamOptions = {}): WritableStream<Payload> {
    return createWritable(this.#producer(), options);
  }

  /** The lines of what `readable` gives, as UTF-8, without their ends. */
  text(options: StreamOptions & EntriesOptions = {}): AsyncIterable<string> {
    return readLines(this.readable(options));
  }

  /** Of the newest reader: connecting, live, so many entries behind, or closed and why. The result ends it. */
  onState(listener: (state: ReaderState) => void): () => void {
    return this.#states.add(listener);
  }

  #read(after: string): Reader {
    const { connection, options } = this.#session;
    const { processId, name: channel } = this;
    const reader = new Reader(connection, { ...options, processId, channel, after });
    reader.states.add((state) => this.#states.set(state));
    return reader;
  }
}

function createInput(payload: Payload, options: SendOptions): SentEntry {
  const { type, error } = options;
  // The server refuses a frame that makes no sense as a whole, with what others have in it.
  if (typeof payload !== "string" && !(payload instanceof Uint8Array))
    throw invalidArgument("payload", "a string or bytes");
  if (typeof (error ?? "") !== "string") throw invalidArgument("error", "a string");
  return {
    sequence: 0,
    payload: encodePayload(payload),
    type: type === undefined ? type : requireMsgType(type),
    replyto: integerOf("replyTo", options),
    inreplyto: integerOf("inReplyTo", options),
    error,
  };
}

function integerOf(name: "replyTo" | "inReplyTo", options: SendOptions): number | undefined {
  const value = options[name];
  return value === undefined ? value : requireSafeInteger(name, value);
}
