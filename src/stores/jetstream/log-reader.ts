import { entryBytes } from "../../core/entry.ts";
import type { MsgEntry } from "../../core/entry.ts";
import type { PageLimits } from "../../core/store.ts";
import type { JetStream, StreamMessage } from "./jet-stream.ts";
import type { LogView } from "./log-view.ts";
import { decodeMessageOf } from "./message-codec.ts";
import type { ChannelMessage } from "./message-codec.ts";
import type { OpenLog } from "./open-log.ts";

/** Messages between two known places that are read one after the other rather than searched. */
const scanMax = 8;

interface Located {
  readonly message: ChannelMessage;
  readonly sequence: number;
}

/** Reads entries of logs from their streams, which know sequences and no positions. */
export class LogReader {
  readonly #jetStream: JetStream;

  constructor(jetStream: JetStream) {
    this.#jetStream = jetStream;
  }

  /** Entries of a view after a position, in order, up to the limits but at least one if there is one. */
  async readAfter(
    log: OpenLog,
    view: LogView,
    after: number,
    { entriesMax, bytesMax }: PageLimits,
  ): Promise<MsgEntry[]> {
    const { first, last } = view.head;
    const page: MsgEntry[] = [];
    const from = Math.max(after + 1, first);
    if (from > last || entriesMax <= 0) return page;
    let bytes = 0;
    let next = from;
    let located = await this.#locate(log, view, from);
    while (located !== undefined) {
      const { message, sequence } = located;
      if (message.kind === "batch") {
        for (const entry of message.batch.entries) {
          if (entry.position < next) continue;
          // Trimmed while this was read: a page has no holes, and the next one begins behind it.
          if (entry.position > next && page.length > 0) return page;
          next = entry.position + 1;
          bytes += entryBytes(entry);
          if (page.length >= entriesMax || (bytes > bytesMax && page.length > 0)) return page;
          page.push(entry);
        }
        if ((page.at(-1)?.position ?? 0) >= last) return page;
      }
      located = await this.#next(log, view, sequence + 1);
    }
    return page;
  }

  /** Sequence of the batch that has a position, or of the first one behind it. */
  async sequenceOf(log: OpenLog, view: LogView, position: number): Promise<number | undefined> {
    return (await this.#locate(log, view, position))?.sequence;
  }

  /** The batch that has a position; where it is gone, the first one behind it. */
  async #locate(log: OpenLog, view: LogView, position: number): Promise<Located | undefined> {
    const known = view.places.before(position);
    const beyond = view.places.after(position);
    let low = known?.sequence ?? 1;
    let lowFirst = known?.first ?? 1;
    let high = beyond?.sequence ?? view.sequence + 1;
    let highFirst = beyond?.first ?? view.head.last + 1;
    for (let round = 0; high - low > scanMax; round++) {
      // Every other time the middle: so the search ends soon however entries are spread.
      const isLinear = round % 2 === 0 && lowFirst < position && position < highFirst;
      const part = isLinear ? (position - lowFirst) / (highFirst - lowFirst) : 1 / 2;
      const guess = low + Math.max(1, Math.floor((high - low) * part));
      const found = guess < high ? await this.#next(log, view, guess) : undefined;
      if (found === undefined || found.sequence >= high) {
        high = Math.min(guess, high - 1);
        continue;
      }
      const first = firstOf(found.message);
      if (first > position) [high, highFirst] = [guess, first];
      else if (endOf(found.message) > position) return found;
      else [low, lowFirst] = [found.sequence + 1, endOf(found.message)];
    }
    let found = await this.#next(log, view, low);
    while (found !== undefined && endOf(found.message) <= position)
      found = await this.#next(log, view, found.sequence + 1);
    return found;
  }

  async #next(log: OpenLog, view: LogView, from: number): Promise<Located | undefined> {
    const next: StreamMessage | undefined = await this.#jetStream.readNext(
      log.stream,
      log.subject,
      from,
    );
    if (next === undefined) return undefined;
    const message = decodeMessageOf(next);
    if (message.kind === "batch" && message.batch.kind === "data")
      view.places.add({ first: message.batch.first, sequence: next.sequence });
    return { message, sequence: next.sequence };
  }
}

function firstOf(message: ChannelMessage): number {
  return message.kind === "batch" ? message.batch.first : message.head.last + 1;
}

/** Position behind the last entry of a message. */
function endOf(message: ChannelMessage): number {
  const count = message.kind === "batch" ? message.batch.entries.length : 0;
  return firstOf(message) + count;
}
