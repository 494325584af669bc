import { isChannelError } from "../../core/errors.ts";
import { randomId } from "../../core/system.ts";
import type { Api, RetryOptions } from "../api.ts";
import { appendEntry, type AppendOptions } from "../process-api.ts";

const producerIdLength = 16;

export interface ProducerOptions extends RetryOptions {
  readonly processId: string;
  readonly channel: string;
  /** The executor's term, so that an earlier life of the same executor is told apart. */
  readonly term?: number;
  /** Entries that had been acknowledged are gone from the server. */
  readonly onDataLost?: () => void;
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
  async append(entry: Pick<AppendOptions, "payload" | "type" | "error">): Promise<number> {
    this.#sequence += 1;
    return await this.#api.retry(async () => {
      try {
        return await this.#send(entry);
      } catch (error) {
        if (!isChannelError(error, "sequence_gap")) throw error;
        // With one entry under way a gap means that the server has forgotten what it acknowledged.
        this.#options.onDataLost?.();
        this.#id = randomId(producerIdLength);
        this.#sequence = 1;
        return await this.#send(entry);
      }
    }, this.#options);
  }

  async #send(entry: Pick<AppendOptions, "payload" | "type" | "error">): Promise<number> {
    const { processId, channel, term, signal } = this.#options;
    return await appendEntry(this.#api, processId, channel, {
      ...entry,
      producer: this.#id,
      sequence: this.#sequence,
      ...(term === undefined ? {} : { term }),
      signal,
    });
  }
}
