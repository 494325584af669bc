import { grantIdentityPrefix } from "../../src/core/broker/grants.ts";
import { applyBatch, createHead } from "../../src/core/channel-head.ts";
import type { ChannelHead } from "../../src/core/channel-head.ts";
import { ByteWriter } from "../../src/core/codec/byte-writer.ts";
import { encodeHead } from "../../src/core/codec/head-codec.ts";
import type { MsgEntry } from "../../src/core/entry.ts";
import type { ProcessRecord } from "../../src/core/process-record.ts";
import type { Batch } from "../../src/core/store.ts";
import type { StreamMessage } from "../../src/stores/jetstream/jet-stream.ts";
import { decodeMessageOf, decodeRecordOf } from "../../src/stores/jetstream/message-codec.ts";
import type { HistoryEvent, SeenEntry } from "../../src/testing/history-events.ts";

const utf8 = new TextDecoder();

export interface LentGrant {
  readonly processId: string;
  readonly grantId: string;
}

/** Whom its holder is known as. */
export function grantIdentityOf({ grantId }: LentGrant): string {
  return `${grantIdentityPrefix}${grantId}`;
}

/** Name of a log in a history: a channel of one life of a process, which has one epoch. */
export function logName(processId: string, epoch: string, channel: string): string {
  return `${processId} ${epoch} ${channel}`;
}

export function seenEntries(entries: readonly MsgEntry[]): SeenEntry[] {
  return entries.map(({ position, payload }) => ({ position, content: utf8.decode(payload) }));
}

/**
 * What is in the streams, message by message as they come in: what is wrong with it shows at once, whether or
 * not anybody ever reads it. To the checker it is one more reader, who sees everything first.
 */
export class ClusterTruth {
  /** What is wrong with the streams themselves. */
  readonly problems: string[] = [];
  readonly #observe: (event: HistoryEvent) => void;
  readonly #onLife: (record: ProcessRecord) => void;
  readonly #records = new Map<string, ProcessRecord>();
  readonly #heads = new Map<string, ChannelHead>();
  readonly #epochs = new Set<string>();
  readonly #revoked = new Set<string>();
  #messageCount = 0;
  /** Heads that were written as messages of their own. */
  headCount = 0;

  constructor(observe: (event: HistoryEvent) => void, onLife: (record: ProcessRecord) => void) {
    this.#observe = observe;
    this.#onLife = onLife;
  }

  get processes(): readonly ProcessRecord[] {
    return [...this.#records.values()];
  }

  get logs(): readonly string[] {
    return [...this.#heads.keys()];
  }

  recordOf(processId: string): ProcessRecord | undefined {
    return this.#records.get(processId);
  }

  headOf(log: string): Readonly<ChannelHead> | undefined {
    return this.#heads.get(log);
  }

  hasSeen(epoch: string): boolean {
    return this.#epochs.has(epoch);
  }

  /** It was taken back, and that was answered: nothing of its holder comes any more. */
  revoke(grant: LentGrant): void {
    this.#revoked.add(grantIdentityOf(grant));
  }

  /** Logs of a process as it is in its record. */
  logsOf({ id, epoch, channels }: ProcessRecord): readonly string[] {
    return channels.map(({ name }) => logName(id, epoch, name));
  }

  take(message: StreamMessage): void {
    const [, , kind, processId = "", , channel = ""] = message.subject.split(".");
    if (kind === "lease") return;
    this.#messageCount++;
    if (kind === "record") this.#takeRecord(processId, message);
    else this.#takeMessage(processId, channel, message);
  }

  #takeRecord(processId: string, message: StreamMessage): void {
    const { record } = decodeRecordOf(message);
    const before = this.#records.get(processId);
    if (record === undefined) {
      this.#records.delete(processId);
      for (const log of before === undefined ? [] : this.#unlike(before, (head) => head.isDeleted))
        this.#report(`the record of ${processId} went before the tombstone of ${log}`);
      return;
    }
    this.#records.set(processId, record);
    if (before?.epoch !== record.epoch) {
      this.#epochs.add(record.epoch);
      this.#onLife(record);
    } else if (record.term < before.term)
      this.#report(`the term of ${processId} went from ${before.term} to ${record.term}`);
    const { settling, state, term } = record;
    if (settling?.kind === "tombstone") {
      for (const log of this.logsOf(record)) this.#observe({ kind: "removalSent", log });
    }
    if (settling !== undefined) return;
    if (state === "closed") {
      for (const log of this.#unlike(record, ({ seal }) => seal !== undefined))
        this.#report(`${processId} closed before the seal of ${log}`);
    } else if (before?.settling !== undefined) {
      for (const log of this.#unlike(record, (head) => head.term >= term))
        this.#report(`${processId} settled before the fence of ${log}`);
    }
  }

  #unlike(record: ProcessRecord, isRight: (head: ChannelHead) => boolean): readonly string[] {
    return this.logsOf(record).filter((log) => {
      const head = this.#heads.get(log);
      return head === undefined || !isRight(head);
    });
  }

  #takeMessage(processId: string, channel: string, stored: StreamMessage): void {
    const message = decodeMessageOf(stored);
    const { epoch } = message.kind === "head" ? message.head : message.batch;
    const log = logName(processId, epoch, channel);
    const head = this.#heads.get(log) ?? createHead(epoch, 0);
    const isOver = head.isDeleted && this.#records.get(processId)?.epoch !== epoch;
    // A late opening, where the tombstone has been swept: nobody looks at what is left of that life.
    if (isOver && message.kind === "batch" && message.batch.kind === "open") return;
    if (message.kind === "head") this.headCount++;
    else {
      this.#judge(log, head, message.batch);
      applyBatch(head, message.batch);
      this.#heads.set(log, head);
      this.#tell(log, message.batch);
    }
    // A tombstone stands alone: it has of its head what is left to know.
    if (head.isDeleted) {
      if (message.head?.isDeleted !== true) this.#report(`a tombstone of ${log} has no head`);
    } else if (message.head !== undefined && textOf(message.head) !== textOf(head))
      this.#report(`message ${stored.sequence} has another head than ${log}`);
  }

  #judge(log: string, head: ChannelHead, { kind, term, first }: Batch): void {
    const isNew = !this.#heads.has(log);
    if (isNew !== (kind === "open") && !(isNew && kind === "tombstone"))
      this.#report(`${log} begins with a batch of kind ${kind}, or has another opening`);
    if (first !== head.last + 1) this.#report(`${log} has ${first} behind ${head.last}`);
    if (term < head.term) this.#report(`${log} has term ${term} behind ${head.term}`);
    if (head.isDeleted || (head.seal !== undefined && kind !== "tombstone"))
      this.#report(`${log} goes on behind its end with a batch of kind ${kind}`);
  }

  #tell(log: string, { kind, first, entries, logicalFirst }: Batch): void {
    for (const { senderId } of entries)
      if (this.#revoked.has(senderId)) this.#report(`${log} has an entry of ${senderId}, revoked`);
    if (kind === "data") {
      // What may be gone from here on is a property of a call to the checker.
      const call = `message ${this.#messageCount}`;
      this.#observe({ kind: "appendSent", log, call, contents: [], logicalFirst });
      const read = { log, client: "stream", after: first - 1, isEnd: false } as const;
      this.#observe({ kind: "readAnswered", ...read, entries: seenEntries(entries) });
    }
    if (kind === "seal") this.#observe({ kind: "sealed", log, last: first - 1 });
  }

  #report(problem: string): void {
    this.problems.push(problem);
  }
}

/** For comparison: the same text for the same head. */
function textOf(head: ChannelHead): string {
  const writer = new ByteWriter(1024);
  encodeHead(writer, head);
  return Buffer.from(writer.written).toString("base64");
}
