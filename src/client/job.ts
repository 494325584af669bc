import { isChannelError, type ChannelError } from "../core/errors.ts";
import { Channel } from "./channel.ts";
import { channelPath } from "./http.ts";
import type { Producer } from "./producer.ts";
import type { Session } from "./session.ts";

/** No producer has come so far: the refusal tells how far it has. */
const probeSequence = Number.MAX_SAFE_INTEGER;

/** What a running job has: its process's channels, in its term. */
export class Job {
  readonly processId: string;
  /** Aborted when somebody asks to cancel, and when the role is somebody else's. */
  readonly signal: AbortSignal;
  readonly term: number;
  readonly #session: Session;
  readonly #producer: string | undefined;
  readonly #producers = new Map<string, Producer>();
  readonly #lastSequences = new Map<string, number>();

  /** Made by `Jobwire.execute`. */
  constructor(
    session: Session,
    place: { readonly processId: string; readonly term: number; readonly signal: AbortSignal },
    producer: string | undefined,
  ) {
    this.#session = session;
    this.processId = place.processId;
    this.term = place.term;
    this.signal = place.signal;
    this.#producer = producer;
  }

  /** With a producer that goes on, only after `lastSequence` of the channel was asked. */
  channel(name: string): Channel {
    return new Channel(this.#session, this.processId, name, () => this.#producerOf(name));
  }

  /**
   * How many entries of this job's producer the channel had taken when this life began; 0 without a
   * `producer` in the options. Nothing of an earlier life is added any more.
   */
  async lastSequence(channel: string): Promise<number> {
    const producer = this.#producer;
    if (producer === undefined) return 0;
    const known = this.#lastSequences.get(channel);
    if (known !== undefined) return known;
    const { signal } = this;
    const last = await this.#session.http.repeat(() => this.#probe(channel, producer), { signal });
    this.#lastSequences.set(channel, last);
    return last;
  }

  /** Resolves when nothing that was sent is unsettled. */
  async settled(): Promise<void> {
    await Promise.all([...this.#producers.values()].map((producer) => producer.settled()));
  }

  /** With an error: what was sent and is not acknowledged is refused with it. */
  close(error?: ChannelError): void {
    for (const producer of this.#producers.values()) {
      if (error !== undefined) producer.fail(error);
      producer.close();
    }
  }

  #producerOf(channel: string): Producer {
    const known = this.#producers.get(channel);
    if (known !== undefined) return known;
    const { processId, term } = this;
    const lastSequence = this.#lastSequences.get(channel);
    if (this.#producer !== undefined && lastSequence === undefined)
      throw new TypeError(`ask lastSequence("${channel}") before using the channel`);
    const place = { processId, channel, term };
    const producer = this.#session.createProducer({
      ...place,
      producer: this.#producer,
      lastSequence,
    });
    this.#producers.set(channel, producer);
    return producer;
  }

  /** An append that can only be refused: its gap names the sequence that is expected. */
  async #probe(channel: string, producer: string): Promise<number> {
    const path = channelPath(this.processId, channel, "/entries/batch");
    const json = { producer, entries: [{ sequence: probeSequence }] };
    const request = { query: { term: this.term }, json, signal: this.signal };
    try {
      await this.#session.http.request("POST", path, request);
    } catch (error) {
      if (isChannelError(error, "sequence_gap")) return error.details.expectedSequence - 1;
      throw error;
    }
    return probeSequence;
  }
}
