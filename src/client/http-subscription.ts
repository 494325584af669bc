import { entryOverheadBytes } from "../core/entry.ts";
import { unavailable } from "../core/errors.ts";
import { decodeCursor, encodeCursor } from "../protocol/cursor.ts";
import {
  decodeEntry,
  type JsonEnd,
  type JsonEntry,
  type JsonGap,
  type JsonHeartbeat,
  type JsonRead,
} from "../protocol/json-form.ts";
import type { ReceivedSseEvent } from "../protocol/sse.ts";
import { raceSignal } from "./abort.ts";
import { Condition } from "./condition.ts";
import { readEvents } from "./event-stream.ts";
import { channelPath } from "./http.ts";
import type { HttpLinkParts } from "./http-link.ts";
import type { LinkRequest } from "./link.ts";

const pollSeconds = 25;
/** A page over a slow line, after the wait. */
const pageMs = 20_000;

/**
 * One subscription by server-sent events or by reads that wait, until the signal of its parts. Takes
 * nothing more without credit.
 */
export class HttpSubscription {
  readonly #parts: HttpLinkParts;
  readonly #id: number;
  readonly #path: string;
  #after: string;
  #credit: number;
  #hasBegun = false;
  #last = 0;
  readonly #moreCredit = new Condition();

  constructor(parts: HttpLinkParts, request: Extract<LinkRequest, { kind: "subscribe" }>) {
    this.#parts = parts;
    this.#id = request.id;
    this.#path = channelPath(request.process, request.channel, "/entries");
    this.#after = request.after;
    this.#credit = request.credit;
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    this.#moreCredit.notify();
  }

  /** Until the end of the subscription, which it tells. Throws what the server refuses, and what breaks the line. */
  async run(): Promise<void> {
    if (this.#parts.mode === "sse") await this.#stream();
    else await this.#poll();
  }

  async #stream(): Promise<void> {
    for await (const events of readEvents(this.#parts, this.#path, { after: this.#after })) {
      for (const event of events) if (this.#takeEvent(event)) return;
      await this.#untilCredit();
    }
    throw unavailable("the stream broke off", "end");
  }

  /** Whether it was the end. */
  #takeEvent({ event, data }: ReceivedSseEvent): boolean {
    const json: unknown = JSON.parse(data);
    if (event === "message") {
      const entry = json as JsonEntry & { readonly cursor: string };
      this.#takeEntry(entry, decodeCursor(entry.cursor).epoch);
    } else if (event === "gap") this.#takeGap(json as JsonGap);
    else if (event === "heartbeat") this.#takeHead(json as JsonHeartbeat);
    else if (event === "end") {
      this.#takeEnd(json as JsonEnd);
      return true;
    }
    return false;
  }

  async #poll(): Promise<void> {
    for (let wait = 0; ; wait = pollSeconds) {
      const { http, signal } = this.#parts;
      const timeoutMs = wait * 1_000 + pageMs;
      const request = { query: { after: this.#after, wait }, signal, timeoutMs };
      const read = (await http.request("GET", this.#path, request)) as JsonRead;
      if (read.gap !== undefined) this.#takeGap(read.gap);
      const { epoch } = decodeCursor(read.cursor);
      this.#last = read.last;
      for (const entry of read.entries) this.#takeEntry(entry, epoch);
      this.#takeHead(read);
      this.#after = read.cursor;
      const { outcome, cursor } = read;
      if (outcome !== undefined) return this.#takeEnd({ reason: "closed", cursor, outcome });
      await this.#untilCredit();
    }
  }

  async #untilCredit(): Promise<void> {
    while (this.#credit <= 0) await raceSignal(this.#moreCredit.wait(), this.#parts.signal);
  }

  #takeEntry(json: JsonEntry, epoch: string): void {
    const entry = decodeEntry(json);
    const { position, payload } = entry;
    this.#begin(encodeCursor({ epoch, position: position - 1 }));
    this.#credit -= payload.length + entryOverheadBytes;
    this.#last = Math.max(this.#last, position);
    this.#parts.emit({ kind: "entries", id: this.#id, last: this.#last, entries: [entry] });
  }

  #takeGap(gap: JsonGap): void {
    this.#begin(gap.cursor);
    this.#parts.emit({ kind: "gap", id: this.#id, ...gap });
  }

  #takeHead({ cursor, last }: JsonHeartbeat): void {
    this.#begin(cursor);
    this.#last = last;
    this.#parts.emit({ kind: "head", id: this.#id, last });
  }

  #takeEnd({ code, ...end }: JsonEnd): void {
    this.#begin(end.cursor);
    const error = code !== undefined && { error: { code, details: {} } };
    this.#parts.emit({ kind: "end", id: this.#id, ...end, ...error });
  }

  /** The first thing that says where the stream stands is its beginning as well. */
  #begin(cursor: string): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#parts.emit({ kind: "subscribed", id: this.#id, cursor, last: this.#last });
  }
}
