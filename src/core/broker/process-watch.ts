import { createDeferred } from "../deferred.ts";
import type { Deferred } from "../deferred.ts";
import type { ProcessView } from "./views.ts";

export type ProcessChange = { readonly process: ProcessView } | { readonly deleted: string };

/**
 * Made by `Broker.watchProcesses`. The processes a caller may see: all of them first, page by page as they
 * are taken, then each that changes. Of one that changes only the newest state is held for a slow reader.
 */
export class ProcessWatch implements AsyncIterable<readonly ProcessChange[]> {
  readonly #pending = new Map<string, ProcessChange>();
  readonly #closers: (() => void)[] = [];
  #waiting: Deferred<void> | undefined;
  #isClosed = false;
  #isRevoked = false;
  /** Whoever waits for the end of what there was is told once that it came. */
  #hasToldAll = false;
  /** Pushes the next page of what there is; false with the last one. Undefined after that. */
  #readPage: (() => Promise<boolean>) | undefined;

  constructor(readPage?: () => Promise<boolean>) {
    this.#readPage = readPage;
  }

  /** Called once when it is closed. */
  onClose(closer: () => void): void {
    this.#closers.push(closer);
  }

  /** It was closed because the right to see is gone. */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Everything that there was has been returned by `next`. */
  get hasToldAll(): boolean {
    return this.#hasToldAll;
  }

  push(processId: string, change: ProcessChange): void {
    // To the end of the line: changes are told in the order in which they became final.
    this.#pending.delete(processId);
    this.#pending.set(processId, change);
    this.#wake();
  }

  /** Takes in one more page of what there is. Errors: those of the store. */
  async readMore(): Promise<void> {
    if ((await this.#readPage?.()) !== true) this.#readPage = undefined;
  }

  /**
   * Changes since the last call, at least one, and a page of what there was before until all of that was
   * told. Nothing is returned once where the last of those pages shows nothing. Empty once closed.
   */
  async next({ signal }: { readonly signal?: AbortSignal } = {}): Promise<
    readonly ProcessChange[]
  > {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#pending.size === 0 && this.#readPage !== undefined && !this.#isClosed) {
        await this.readMore();
        continue;
      }
      if (this.#pending.size > 0 || !this.#hasToldAll || this.#isClosed) {
        this.#hasToldAll = this.#readPage === undefined;
        const changes = this.#isClosed ? [] : [...this.#pending.values()];
        this.#pending.clear();
        return changes;
      }
      await this.#wait(signal);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ProcessChange[], void, undefined> {
    try {
      while (!this.#isClosed) {
        const changes = await this.next();
        if (!this.#isClosed) yield changes;
      }
    } finally {
      this.close();
    }
  }

  /** The right to see what it shows is gone. */
  revoke(): void {
    this.#isRevoked = true;
    this.close();
  }

  /** Ends it; a pending `next` gets an empty answer. Twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending.clear();
    for (const closer of this.#closers) closer();
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    this.#waiting ??= createDeferred();
    const { promise } = this.#waiting;
    if (signal === undefined) return promise;
    const wake = (): void => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
