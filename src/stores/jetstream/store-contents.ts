import type { JetStreamManager } from "@nats-io/jetstream";
import type { ProcessRecord } from "../../core/process-record.ts";
import { StoreRejection } from "../../core/store.ts";
import type { StreamMessage } from "./jet-stream.ts";
import { decodeMessageOf, decodeRecordOf } from "./message-codec.ts";
import type { ChannelMessage } from "./message-codec.ts";
import type { Subjects } from "./subjects.ts";

/** Something in a stream that no node has written so, or that is missing. */
export interface ContentsDamage {
  readonly subject: string;
  /** Sequence of the message that shows it, where one does. */
  readonly sequence?: number;
  readonly reason: string;
}

export interface ContentsReport {
  readonly processes: number;
  /** Those that have not ended. */
  readonly openProcesses: number;
  /** Logs of processes that are there. */
  readonly channels: number;
  /** Entries that readers still get. */
  readonly entries: number;
  readonly damages: readonly ContentsDamage[];
}

type Message = Pick<StreamMessage, "subject" | "sequence" | "data">;

/** What is known of a log after one of its messages. */
interface LogState {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
}

interface RecordState {
  readonly record: ProcessRecord;
  readonly sequence: number;
}

/**
 * Checks all messages of a store, in order of their sequence, while nodes go on to use it: each must be readable,
 * follow the one before it on its subject with no position left out, and a process must have all of its logs.
 */
export class StoreContents {
  readonly #manager: JetStreamManager;
  readonly #subjects: Subjects;
  readonly #logs = new Map<string, LogState>();
  readonly #records = new Map<string, RecordState>();
  readonly #damages: ContentsDamage[] = [];

  constructor(manager: JetStreamManager, subjects: Subjects) {
    this.#manager = manager;
    this.#subjects = subjects;
  }

  async take(message: Message): Promise<void> {
    try {
      const kind = this.#subjects.kindOf(message.subject);
      if (kind === "lease") return;
      if (kind === "record") this.#takeRecord(message);
      else await this.#takeChannelMessage(message, decodeMessageOf(message));
    } catch (error) {
      if (!(error instanceof StoreRejection)) throw error;
      this.#report(message, error.message);
    }
  }

  /** Once all messages were taken. */
  async finish(): Promise<ContentsReport> {
    let [channels, entries, openProcesses] = [0, 0, 0];
    for (const state of this.#records.values()) {
      if (state.record.state !== "closed") openProcesses++;
      for (const subject of this.#logsOf(state.record)) {
        const log = this.#logs.get(subject);
        if (log === undefined) await this.#reportMissing(state, subject);
        else entries += log.last - log.first + 1;
        if (log !== undefined) channels++;
      }
    }
    const processes = this.#records.size;
    return { processes, openProcesses, channels, entries, damages: this.#damages };
  }

  #takeRecord(message: Message): void {
    const { processId, record } = decodeRecordOf(message);
    if (record === undefined) this.#records.delete(processId);
    else this.#records.set(processId, { record, sequence: message.sequence });
  }

  async #takeChannelMessage(message: Message, read: ChannelMessage): Promise<void> {
    const { subject, sequence } = message;
    const known = this.#logs.get(subject);
    this.#logs.set(subject, { sequence, ...positionsOf(read) });
    if (known === undefined) return;
    const reason = whatIsWrong(read, known);
    if (reason !== undefined && !(await this.#isFirst(message))) this.#report(message, reason);
  }

  /** Those before it were trimmed while this was read: then there is nothing to compare it with. */
  async #isFirst({ subject, sequence }: Message): Promise<boolean> {
    const first = await this.#read(subject, { seq: 1, next_by_subj: subject });
    return first === undefined || first >= sequence;
  }

  async #reportMissing({ record, sequence }: RecordState, subject: string): Promise<void> {
    // Created or deleted while this was read?
    if ((await this.#read(subject, { last_by_subj: subject })) !== undefined) return;
    const recordSubject = this.#subjects.recordOf(record.id);
    if ((await this.#read(recordSubject, { last_by_subj: recordSubject })) !== sequence) return;
    const reason = `there is no log, and the record of ${record.id} names it`;
    this.#damages.push({ subject, reason });
  }

  #logsOf({ id: processId, life, channels, settling }: ProcessRecord): readonly string[] {
    // One that is being deleted may have lost some.
    if (settling?.kind === "tombstone") return [];
    return channels.map(({ name: channel }) =>
      this.#subjects.channelOf({ processId, life, channel }),
    );
  }

  /** Its sequence, by the leader. */
  async #read(
    subject: string,
    query: { readonly last_by_subj: string } | { readonly seq: number; next_by_subj: string },
  ): Promise<number | undefined> {
    const stream = this.#subjects.streamWith(subject);
    return (await this.#manager.streams.getMessage(stream, query))?.seq;
  }

  #report({ subject, sequence }: Message, reason: string): void {
    this.#damages.push({ subject, sequence, reason });
  }
}

function positionsOf(read: ChannelMessage): Pick<LogState, "first" | "last"> {
  if (read.kind === "head") return { first: read.head.first, last: read.head.last };
  const { first, entries, logicalFirst } = read.batch;
  return { first: logicalFirst, last: first + entries.length - 1 };
}

function whatIsWrong(read: ChannelMessage, known: LogState): string | undefined {
  if (read.previous !== known.sequence)
    return `it follows message ${read.previous}, and message ${known.sequence} is before it`;
  if (read.kind === "head")
    return read.head.last === known.last
      ? undefined
      : `its head ends at ${read.head.last}, and the log at ${known.last}`;
  const { first } = read.batch;
  return first === known.last + 1
    ? undefined
    : `it begins with position ${first}, and ${known.last + 1} is next`;
}
