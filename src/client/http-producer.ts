import type { JsonAck, JsonEntryInput } from "../protocol/json-form.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import type { AckRun, FrameEntryInput } from "../protocol/socket-message.ts";
import { channelPath } from "./http.ts";
import type { HttpLinkParts } from "./http-link.ts";
import type { LinkRequest } from "./link.ts";

/** Appends of one producer, one request at a time, so that they arrive in order. */
export class HttpProducer {
  readonly #parts: HttpLinkParts;
  readonly #produce: Extract<LinkRequest, { kind: "produce" }>;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(parts: HttpLinkParts, produce: Extract<LinkRequest, { kind: "produce" }>) {
    this.#parts = parts;
    this.#produce = produce;
  }

  append(entries: readonly FrameEntryInput[]): Promise<AckRun[]> {
    // Now: what is sent again may get other numbers.
    const inputs = entries.map((entry) => ({ ...entry, payload: encodeBase64(entry.payload) }));
    const answer = this.#previous.then(() => this.#post(inputs));
    this.#previous = answer.catch(() => undefined);
    return answer;
  }

  async #post(entries: readonly JsonEntryInput[]): Promise<AckRun[]> {
    const { process, channel, producer, term } = this.#produce;
    const { http, signal } = this.#parts;
    const ack = await http.request("POST", channelPath(process, channel, "/entries/batch"), {
      query: { term },
      json: { producer, entries },
      signal,
    });
    return (ack as JsonAck).entries.map(({ sequence, position, duplicate, compared }) =>
      duplicate === true
        ? [sequence, position, 1, compared === false ? 2 : 1]
        : [sequence, position, 1],
    );
  }
}
