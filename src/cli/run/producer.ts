import { isChannelError } from "../../core/errors.ts";
import { randomId } from "../../core/system.ts";
import type { Api, RetryOptions } from "../api.ts";
import { appendEntry, type AppendOptions } from "../process-api.ts";

export const producerIdLength = 16;

/** What a producer is given: it adds its id and the sequence. */
export type NewEntry = Pick<AppendOptions, "payload" | "type" | "error">;

export interface ProducerOptions extends RetryOptions {
  readonly processId: string;
  readonly channel: string;
}

/**
 * One writing instance of a channel: numbers its entries, so that each is added once however often it is
 * sent. One append at a time; what gathers meanwhile is the caller's.
 */
export class Producer {
  readonly #api: Api;
  readonly #options: ProducerOptions;
  #id = randomId(producerIdLength);
  #sequence = 0;

  constructor(api: Api, options: ProducerOptions) {
    this.#api = api;
    this.#options = options;
  }

  /** Resolves with the entry's position once it is acknowledged; rejects if the server refuses it for good. */
  async append(entry: NewEntry): Promise<number> {
    this.#sequence += 1;
    return await this.#api.retry(async () => {
      try {
        return await this.#send(entry);
      } catch (error) {
        if (!isChannelError(error, "sequence_gap")) throw error;
        // With one entry under way a gap means that the server has forgotten what it acknowledged.
        this.#id = randomId(producerIdLength);
        this.#sequence = 1;
        return await this.#send(entry);
      }
    }, this.#options);
  }

  async #send(entry: NewEntry): Promise<number> {
    const { processId, channel, signal } = this.#options;
    return await appendEntry(this.#api, processId, channel, {
      ...entry,
      producer: this.#id,
      sequence: this.#sequence,
      signal,
    });
  }
}
