import type { Store, StoredRecord } from "../store.ts";

/** Told of each record that is new, changed, or gone (undefined). */
export type RecordListener = (processId: string, stored: StoredRecord | undefined) => void;

const pageSize = 500;

/** All records of a store, page by page, beside listeners who hear of every change. */
export class RecordScan {
  readonly #store: Store;
  readonly #listen: (listener: RecordListener) => () => void;
  #after = "";

  constructor(store: Store, listen: (listener: RecordListener) => () => void) {
    this.#store = store;
    this.#listen = listen;
  }

  /**
   * Shows the records of the next page, in one turn; false once there are no more. One that changed while
   * the page was read is left out: listeners were told something newer.
   */
  async readPage(visit: (stored: StoredRecord) => void): Promise<boolean> {
    const changed = new Set<string>();
    const unlisten = this.#listen((id) => changed.add(id));
    let page: readonly StoredRecord[];
    try {
      page = await this.#store.listRecords({ after: this.#after, limit: pageSize });
    } finally {
      unlisten();
    }
    for (const stored of page) if (!changed.has(stored.record.id)) visit(stored);
    this.#after = page.at(-1)?.record.id ?? this.#after;
    return page.length === pageSize;
  }
}
