import type { MsgEntry } from "../core/entry.ts";
import { encodeFrameEntry } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import { encodeEntryFields } from "../protocol/json-form.ts";
import { RecentValues } from "./recent-values.ts";

/** Entries of a page as they stand in a message, with their payloads in one piece. */
export interface EncodedPage {
  readonly count: number;
  readonly text: string;
  readonly payloads: readonly Uint8Array[];
  /** What it takes of a subscription's credit. */
  readonly credit: number;
}

/** What an entry costs beside its payload. */
const entryCredit = 64;

/** Longer entries are not kept: they cost little beside sending them. */
const keptLengthMax = 8 * 1024;
const recentEntriesMax = 1_000;
const recentPagesMax = 64;

/**
 * Entries of one form of frames, encoded once for all subscriptions: those that read the same page share it
 * whole, others its entries.
 */
export class EncodedPages {
  readonly #form: FrameForm;
  readonly #entries = new RecentValues<MsgEntry, EncodedMessage>(recentEntriesMax);
  /** By their first entry. */
  readonly #pages = new RecentValues<MsgEntry, EncodedPage>(recentPagesMax);

  constructor(form: FrameForm) {
    this.#form = form;
  }

  encode(entries: readonly MsgEntry[]): EncodedPage {
    const [first] = entries;
    const known = first && this.#pages.get(first);
    if (known?.count === entries.length) return known;
    const page = this.#encodePage(entries);
    if (first !== undefined) this.#pages.set(first, page);
    return page;
  }

  #encodePage(entries: readonly MsgEntry[]): EncodedPage {
    const encoded = entries.map((entry) => this.#encodeEntry(entry));
    const payloads = encoded.flatMap((entry) => entry.payloads);
    return {
      count: entries.length,
      text: encoded.map(({ text }) => text).join(","),
      payloads: payloads.length > 1 ? [Buffer.concat(payloads)] : payloads,
      credit: entries.reduce((sum, { payload }) => sum + payload.byteLength + entryCredit, 0),
    };
  }

  #encodeEntry(entry: MsgEntry): EncodedMessage {
    const known = this.#entries.get(entry);
    if (known !== undefined) return known;
    const encoded = encodeFrameEntry(this.#form, encodeEntryFields(entry), entry.payload);
    if (encoded.text.length <= keptLengthMax) this.#entries.set(entry, encoded);
    return encoded;
  }
}
