import { ChannelLog } from "./channel-log.ts";
import type { LogEntry } from "./channel-log.ts";
import { encodePayload, entryBytes, hasSameContent, MsgType, requireMsgType } from "./entry.ts";
import type { EntryInput, MsgEntry } from "./entry.ts";
import { ChannelError } from "./errors.ts";
import { compareBytesMax } from "./limits.ts";
import { acceptSequence, createProducerState, judgeSequence } from "./producers.ts";
import type { ProducerState } from "./producers.ts";
import { Subscription } from "./subscription.ts";

/** The least that authorization needs to know of a process. */
export interface ProcessInfo {
  readonly id: string;
  readonly submitterId: string;
  /** "" or absent: nobody yet, and nobody is let in by it. */
  readonly executorId?: string;
}

/** What `Router.create` takes. */
export interface ChannelInit {
  readonly id: string;
  readonly processId: string;
  readonly name: string;
  readonly submitterId: string;
  readonly executorId?: string;
  /** Entries that the channel begins with; positions are given anew. */
  readonly log?: readonly (Partial<MsgEntry> & Pick<MsgEntry, "senderId">)[];
}

/** An append-only log of one process, as the bare router keeps it. */
export class Channel {
  readonly id: string;
  readonly processId: string;
  readonly name: string;
  readonly submitterId: string;
  readonly #contents = new ChannelLog();
  readonly #subscriptions = new Set<Subscription>();
  // Without deduplication only the greatest sequence of each sender is kept, to see who comes late.
  readonly #greatest = new Map<string, { sequence: number }>();
  readonly #producers: Map<string, ProducerState> | undefined;
  #executorId: string;

  /** Made by `Router.create`. */
  constructor(init: ChannelInit, { deduplicates, now }: { deduplicates: boolean; now: number }) {
    this.id = init.id;
    this.processId = init.processId;
    this.name = init.name;
    this.submitterId = init.submitterId;
    this.#executorId = init.executorId ?? "";
    if (deduplicates) this.#producers = new Map();
    for (const entry of init.log ?? []) this.add(createEntry(entry, entry.timestamp ?? now));
  }

  get executorId(): string {
    return this.#executorId;
  }

  /** Position of the last entry, which is the number of entries ever appended. The caller has seen it. */
  get sequence(): number {
    this.#contents.fix(this.#contents.visible);
    return this.#contents.visible;
  }

  /** A copy of the log. */
  get log(): readonly MsgEntry[] {
    return this.read(0, Infinity, Infinity);
  }

  get size(): number {
    return this.#contents.visible - this.#contents.first + 1;
  }

  get bytes(): number {
    return this.#contents.windowBytes;
  }

  get subscriberCount(): number {
    return this.#subscriptions.size;
  }

  /** An empty id never lets anybody in. */
  isMember(identity: string): boolean {
    return identity !== "" && (identity === this.submitterId || identity === this.#executorId);
  }

  /** Whether this is a repeat of a stored entry. Throws `sequence_conflict`, `sequence_too_old`. */
  isRepeat(entry: MsgEntry): boolean {
    const state = this.#producers?.get(entry.senderId);
    if (state === undefined) return false;
    const verdict = judgeSequence(state, entry.sequence);
    if (verdict === "new") return false;
    const stored = findStored(this.#contents, entry);
    if (stored !== undefined && !hasSameContent(stored, entry)) {
      throw new ChannelError("sequence_conflict", { sequence: entry.sequence });
    }
    if (stored === undefined && verdict === "too_old") {
      throw new ChannelError("sequence_too_old", { sequence: entry.sequence });
    }
    return true;
  }

  /** Adds an entry and tells subscribers. Admission is the router's business. */
  add(entry: LogEntry): void {
    const { senderId, sequence } = entry;
    const greatest = this.#greatest.get(senderId);
    const isLate = greatest !== undefined && sequence < greatest.sequence;
    if (greatest === undefined) this.#greatest.set(senderId, { sequence });
    else if (!isLate) greatest.sequence = sequence;
    if (this.#producers !== undefined) {
      const state =
        this.#producers.get(senderId) ?? createProducerState({ senderId, producer: "" });
      this.#producers.set(senderId, acceptSequence(state, sequence, entry.timestamp));
    }
    this.#contents.stage(entry, isLate);
    this.#contents.commit();
  }

  read(after: number, entriesMax: number, bytesMax: number): readonly MsgEntry[] {
    return this.#contents.read(Math.max(after, 0), { entriesMax, bytesMax });
  }

  subscribe(callerId: string, after: number | undefined, bufferSize: number): Subscription {
    const subscription = new Subscription(this.#contents, {
      callerId,
      after: after ?? this.#contents.visible,
      bufferSize,
      onEnd: (ended) => this.#subscriptions.delete(ended),
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Ends a subscription of this channel; any other is left alone. */
  unsubscribe(subscription: Subscription): void {
    if (this.#subscriptions.has(subscription)) subscription.close();
  }

  /** Replaces the executor; subscriptions of one who is out end. */
  replaceExecutor(executorId: string): void {
    this.#executorId = executorId;
    for (const subscription of this.#subscriptions) {
      if (!this.isMember(subscription.callerId)) subscription.close();
    }
  }

  endSubscriptions(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}

/** An entry in the log's own form, every field set in one order so that all share one shape. */
export function createEntry(
  fields: EntryInput & Pick<MsgEntry, "senderId"> & { readonly producer?: string },
  timestamp: number,
): LogEntry {
  return {
    position: 0,
    sequence: fields.sequence ?? 0,
    inReplyTo: fields.inReplyTo ?? 0,
    replyTo: fields.replyTo ?? 0,
    timestamp,
    senderId: fields.senderId,
    producer: fields.producer ?? "",
    payload: encodePayload(fields.payload),
    type: requireMsgType(fields.type ?? MsgType.Data),
    error: fields.error ?? "",
  };
}

/** The entry in memory that has this one's sender, producer and sequence, looked for from the end. */
export function findStored(log: ChannelLog, entry: MsgEntry): MsgEntry | undefined {
  let bytes = 0;
  for (let p = log.last; p >= log.windowFirst && bytes <= compareBytesMax; p--) {
    const other = log.at(p) as MsgEntry;
    if (isSameMessage(other, entry)) return other;
    bytes += entryBytes(other);
  }
  return undefined;
}

export function isSameMessage(a: MsgEntry, b: MsgEntry): boolean {
  return a.sequence === b.sequence && a.senderId === b.senderId && a.producer === b.producer;
}
