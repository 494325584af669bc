import type { LogListener } from "../channel-log.ts";
import { createDeferred } from "../deferred.ts";
import type { Deferred } from "../deferred.ts";
import type { MsgEntry } from "../entry.ts";
import type { PageLimits } from "../store.ts";
import type { Caller } from "./caller.ts";
import type { ChannelError } from "../errors.ts";
import type { OpenChannel } from "./open-channel.ts";
import type { OpenProcess } from "./open-process.ts";
import { toChannelError } from "./store-error.ts";
import type { Cursor, EndReason, Gap, SubscriptionItem } from "./views.ts";

export interface NextOptions extends Partial<PageLimits> {
  /** Ends the wait, not the subscription: nothing is lost by it. */
  readonly signal?: AbortSignal;
}

type EndItem = Extract<SubscriptionItem, { kind: "end" }>;

/** A cursor that moves: replay and live tail are one thing. Ends at the seal in the channel's own log. */
export class ChannelSubscription implements AsyncIterable<SubscriptionItem>, LogListener {
  readonly caller: Caller;
  readonly channel: OpenChannel;
  readonly #process: OpenProcess;
  #position: number;
  #gap: Gap | undefined;
  #end: EndItem | undefined;
  #isClosed = false;
  #waiting: Deferred<void> | undefined;
  /** Something came since it last looked: between looking and waiting nothing may be missed. */
  #hasNews = false;
  #listener: (() => void) | undefined;

  /** Made by `Broker.subscribe`. A gap that the start already meets is the first item. */
  constructor(
    process: OpenProcess,
    channel: OpenChannel,
    caller: Caller,
    start: { position: number; gap?: Gap | undefined },
  ) {
    this.#process = process;
    this.channel = channel;
    this.caller = caller;
    this.#position = start.position;
    this.#gap = start.gap;
    process.addSubscription(this);
    channel.attach(this);
  }

  /** Where it stands: after what `next` has returned so far. */
  get cursor(): Cursor {
    return { epoch: this.#process.record.epoch, position: this.#position };
  }

  /** Last position that could be read now. */
  lastPosition(): number {
    return this.channel.visible;
  }

  /**
   * The next item: entries since the last one, a gap, or the end, which is then returned for ever. Waits
   * until there is one. Rejects with the signal's reason, or when it is closed meanwhile.
   */
  async next(options: NextOptions = {}): Promise<SubscriptionItem> {
    for (;;) {
      options.signal?.throwIfAborted();
      const item = await this.poll(options);
      if (item !== undefined) return item;
      await this.#wait(options.signal);
    }
  }

  /** As `next`, without waiting for something to come. */
  async poll(options: Partial<PageLimits> = {}): Promise<SubscriptionItem | undefined> {
    return await this.take(options);
  }

  /**
   * As `poll`, and at once where memory has what comes next: for a door that reads for ten thousand. With
   * `entriesMax` 0 no entry is read, only a gap or the end.
   */
  take(
    options: Partial<PageLimits> = {},
  ): SubscriptionItem | undefined | Promise<SubscriptionItem | undefined> {
    if (this.#isClosed) throw new DOMException("the subscription was closed", "AbortError");
    if (this.#end !== undefined) return this.#end;
    if (this.#gap !== undefined) return this.#takeGap(this.#gap);
    const page = this.#readPage(options);
    if (!(page instanceof Promise)) return this.#takePage(page);
    return page.then(
      (entries) => this.#takePage(entries),
      (error: unknown) => this.#end ?? this.#fail(toChannelError(error)),
    );
  }

  /** Calls back each time that there may be something to `take`. */
  onNews(listener: () => void): void {
    this.#listener = listener;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SubscriptionItem, void, undefined> {
    try {
      for (;;) {
        const item = await this.next();
        yield item;
        if (item.kind === "end") return;
      }
    } finally {
      this.close();
    }
  }

  /** Leaves. Nothing is left behind; twice is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  /** Ends it at once, whatever has not been read yet. */
  end(reason: Exclude<EndReason, "closed" | "failed">): void {
    if (this.#end === undefined) this.#setEnd({ kind: "end", reason, cursor: this.cursor });
  }

  logAdvanced(): void {
    this.#hasNews = true;
    this.#waiting?.resolve();
    this.#waiting = undefined;
    this.#listener?.();
  }

  #readPage({
    entriesMax,
    bytesMax,
  }: Partial<PageLimits>): readonly MsgEntry[] | Promise<readonly MsgEntry[]> {
    const { readEntriesMax, readBytesMax } = this.#process.limits;
    const limits = { entriesMax: entriesMax ?? readEntriesMax, bytesMax: bytesMax ?? readBytesMax };
    this.#hasNews = false;
    return this.channel.readAfter(this.#position, limits);
  }

  #takePage(entries: readonly MsgEntry[]): SubscriptionItem | undefined {
    // It may have been ended while the store was read.
    if (this.#end !== undefined) return this.#end;
    const [first] = entries;
    const gap = this.#gapBefore(first);
    if (gap !== undefined) return this.#takeGap(gap);
    if (first !== undefined) {
      this.#position += entries.length;
      return { kind: "entries", entries, cursor: this.cursor };
    }
    const { seal, isDeleted } = this.channel.head;
    if (isDeleted) return this.#setEnd({ kind: "end", reason: "deleted", cursor: this.cursor });
    if (seal === undefined || this.#position < this.channel.visible) return undefined;
    return this.#setEnd({ kind: "end", reason: "closed", outcome: seal, cursor: this.cursor });
  }

  /** What is missing between here and the entry that was read next, or the end if none was. */
  #gapBefore(entry: MsgEntry | undefined): Gap | undefined {
    const next = this.#position + 1;
    const { first: kept } = this.channel;
    const isTrimmed = kept > next;
    const first = isTrimmed ? kept : (entry?.position ?? next);
    if (first === next || entry?.position === next) return undefined;
    const cursor = { ...this.cursor, position: first - 1 };
    return { reason: isTrimmed ? "trimmed" : "damaged", first, cursor };
  }

  #takeGap(gap: Gap): SubscriptionItem {
    this.#gap = undefined;
    this.#position = gap.cursor.position;
    return { kind: "gap", ...gap };
  }

  #setEnd(end: EndItem): EndItem {
    this.#end = end;
    this.#leave();
    return end;
  }

  #fail(error: ChannelError): EndItem {
    return this.#setEnd({ kind: "end", reason: "failed", error, cursor: this.cursor });
  }

  #leave(): void {
    this.channel.detach(this);
    this.#process.removeSubscription(this);
    this.logAdvanced();
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    // Both may have happened while it looked.
    if (this.#hasNews || signal?.aborted === true) return;
    this.#waiting ??= createDeferred();
    const { promise } = this.#waiting;
    if (signal === undefined) return promise;
    const wake = (): void => this.logAdvanced();
    signal.addEventListener("abort", wake, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
