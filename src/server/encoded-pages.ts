import type { MsgEntry } from "../core/entry.ts";
import { encodeFrameEntry, joinTexts, payloadsOf } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import { encodeEntryFieldsText } from "../protocol/json-form.ts";
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
/** A power of two: the place of an entry is that of its position modulo this. */
const placeCount = 1_024;
const recentPagesMax = 64;

interface Encoded {
  readonly entry: MsgEntry;
  readonly message: EncodedMessage;
}

/**
 * Entries of one form of frames, encoded once for all subscriptions: those that read the same page share it
 * whole, others its entries.
 */
export class EncodedPages {
  readonly #form: FrameForm;
  /** Each has one place, where the newer one stays: looking and storing cost next to nothing. */
  readonly #entries: (Encoded | undefined)[] = new Array<undefined>(placeCount).fill(undefined);
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
    const encoded = entries.map((entry, index) => this.#encodeEntry(entry, entries[index - 1]));
    const payloads = payloadsOf(encoded);
    return {
      count: entries.length,
      text: joinTexts(encoded),
      payloads: payloads.length > 1 ? [Buffer.concat(payloads)] : payloads,
      credit: entries.reduce((sum, { payload }) => sum + payload.byteLength + entryCredit, 0),
    };
  }

  /** What stands behind another is the same in every page: before it stands always the same one. */
  #encodeEntry(entry: MsgEntry, before: MsgEntry | undefined): EncodedMessage {
    const place = entry.position & (placeCount - 1);
    const known = this.#entries[place];
    if (before !== undefined && known?.entry === entry) return known.message;
    const fields = encodeEntryFieldsText(entry, before);
    const message = encodeFrameEntry(this.#form, fields, entry.payload);
    if (before !== undefined && message.text.length <= keptLengthMax)
      this.#entries[place] = { entry, message };
    return message;
  }
}
