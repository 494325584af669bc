import type { MsgEntry } from "../core/entry.ts";
import { encodeEntries } from "../protocol/frame.ts";
import type { FrameForm } from "../protocol/frame.ts";
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

const recentPagesMax = 64;

/** Entries of one form of frames, encoded once for all subscriptions that read the same page. */
export class EncodedPages {
  readonly #form: FrameForm;
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
    const { text, payloads } = encodeEntries(this.#form, entries, encodeEntryFieldsText);
    return {
      count: entries.length,
      text,
      payloads: payloads.length > 1 ? [Buffer.concat(payloads)] : payloads,
      credit: entries.reduce((sum, { payload }) => sum + payload.length + entryCredit, 0),
    };
  }
}
