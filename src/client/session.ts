import type { System } from "../core/system.ts";
import { Connection } from "./connection.ts";
import { Http } from "./http.ts";
import { tell } from "./listeners.ts";
import type { ResolvedOptions } from "./options.ts";
import { Producer, type ProducerOptions } from "./producer.ts";
import { TokenSource } from "./token-source.ts";

/** Beyond it those that have nothing under way are forgotten, the oldest first; their channels get new ones. */
const producersMax = 500;

/** What all handles of one client share. */
export class Session {
  readonly options: ResolvedOptions;
  readonly system: System;
  readonly tokens: TokenSource;
  readonly http: Http;
  readonly connection: Connection;
  /** Those that run now. */
  readonly jobs = new Set<Pick<Producer, "settled">>();
  readonly #producers = new Map<string, Producer>();

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.system = options.system;
    this.tokens = new TokenSource(options.token);
    this.http = new Http(options.url, this.tokens, options.system, options.patienceMs);
    this.connection = new Connection(options, this.tokens, this.http);
  }

  /** The one of this client for a channel, whose `key` no other has. */
  producer(key: string, processId: string, channel: string): Producer {
    const known = this.#producers.get(key);
    if (known !== undefined) return known;
    if (this.#producers.size >= producersMax) this.#forgetIdle();
    const producer = this.createProducer({ processId, channel });
    this.#producers.set(key, producer);
    return producer;
  }

  createProducer(
    place: Pick<ProducerOptions, "processId" | "channel" | "term" | "producer" | "lastSequence">,
  ): Producer {
    const { connection, options } = this;
    return new Producer(connection, {
      ...options,
      ...place,
      onDataLost: (error) => tell(options.onDataLost, error),
    });
  }

  /** Resolves when nothing that was sent is unsettled. */
  async settled(): Promise<void> {
    const senders = [...this.#producers.values(), ...this.jobs];
    await Promise.all(senders.map((sender) => sender.settled()));
  }

  #forgetIdle(): void {
    for (const [key, producer] of this.#producers) {
      if (producer.isNeedy) continue;
      this.#producers.delete(key);
      producer.close();
      if (this.#producers.size < producersMax) return;
    }
  }
}
