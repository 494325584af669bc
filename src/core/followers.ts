import type { Commit, StoredRecord } from "./store.ts";

type CommitListener = (commit: Commit) => void;
type RecordListener = (processId: string, stored: StoredRecord | undefined) => void;

/** Those who want to hear what a store commits. */
export class Followers {
  readonly #logs = new Map<string, Set<CommitListener>>();
  readonly #records = new Set<RecordListener>();

  /** To the log of that name. Returns what ends it. */
  followLog(name: string, listener: CommitListener): () => void {
    const listeners = this.#logs.get(name) ?? new Set();
    this.#logs.set(name, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#logs.get(name) === listeners) this.#logs.delete(name);
    };
  }

  followRecords(listener: RecordListener): () => void {
    this.#records.add(listener);
    return () => this.#records.delete(listener);
  }

  tellCommit(name: string, commit: Commit): void {
    const listeners = this.#logs.get(name);
    if (listeners !== undefined) tell(listeners, (listener) => listener(commit));
  }

  tellRecord(processId: string, stored: StoredRecord | undefined): void {
    tell(this.#records, (listener) => listener(processId, stored));
  }
}

/** A listener that throws keeps the news from nobody else; its error is reported as unhandled, not swallowed. */
function tell<Listener>(listeners: Iterable<Listener>, call: (listener: Listener) => void): void {
  for (const listener of [...listeners]) {
    try {
      call(listener);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
