import { Followers } from "../../core/followers.ts";
import type { ProcessRecord } from "../../core/process-record.ts";
import { SortedTexts } from "../../core/sorted-texts.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Revision, StoredRecord } from "../../core/store.ts";
import { DeletedProcesses } from "./deleted-processes.ts";
import type { StreamMessage } from "./jet-stream.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { decodeRecordOf, encodeRecordMessage } from "./message-codec.ts";
import type { RecordMessage } from "./message-codec.ts";
import { RecordFollow } from "./record-follow.ts";
import { toRejection } from "./rejection.ts";
import { publishSettled } from "./settled-publish.ts";
import type { WriteState } from "./settled-publish.ts";

const messageIdLength = 16;
/** Records read at a time for a page. */
const readsAtOnce = 64;

/**
 * The records of processes: each is the one message of its subject, replaced at an expected sequence. All of
 * them are followed, and of each the sequence is kept, so that nobody is told of an older one after a newer.
 */
export class ProcessRecords {
  readonly #context: JetStreamContext;
  readonly #followers = new Followers();
  readonly #sequences = new Map<string, number>();
  readonly #ids = new SortedTexts();
  readonly #living = new Set<string>();
  readonly #follows: readonly RecordFollow[];
  readonly #deleted: DeletedProcesses;
  readonly #offReconnect: () => void;

  constructor(context: JetStreamContext) {
    this.#context = context;
    this.#deleted = new DeletedProcesses(context, (processId) => this.#sequences.delete(processId));
    const meet = (message: StreamMessage): void => this.#meet(message);
    this.#follows = context.subjects.streams.map(
      (stream) => new RecordFollow(context, stream, meet),
    );
    this.#offReconnect = context.jetStream.onReconnect(() => this.followAgain());
  }

  async create(record: ProcessRecord): Promise<Revision> {
    try {
      return await this.#write(record.id, record, 0);
    } catch (error) {
      if (!(error instanceof StoreRejection) || error.kind !== "conflict") throw error;
    }
    const last = await this.#readLast(record.id);
    if (last === undefined || last.message.record !== undefined)
      throw new StoreRejection("conflict", `process ${record.id} has a record`);
    return this.#write(record.id, record, last.sequence);
  }

  async read(processId: string): Promise<StoredRecord | undefined> {
    const last = await this.#readLast(processId);
    return last?.message.record && { record: last.message.record, revision: last.sequence };
  }

  async update(record: ProcessRecord, expected: Revision): Promise<Revision> {
    // A deletion is a message too, and nobody is given its revision.
    return this.#write(record.id, record, expected);
  }

  async delete(processId: string, expected: Revision): Promise<void> {
    await this.#write(processId, undefined, expected);
  }

  /** As `Store.visitRecords`: read as a stream, far faster than one by one. */
  async visit(visit: (stored: StoredRecord) => void): Promise<void> {
    const meet = (message: StreamMessage): void => {
      try {
        const { record } = decodeRecordOf(message);
        if (record !== undefined) visit({ record, revision: message.sequence });
      } catch (error) {
        this.#context.reportError(error, "records");
      }
    };
    const { streams } = this.#context.subjects;
    const follows = streams.map((stream) => new RecordFollow(this.#context, stream, meet));
    try {
      await Promise.all(follows.map((follow) => follow.catchUp()));
    } finally {
      for (const follow of follows) follow.close();
    }
  }

  /** Sequence of the last record of a stream that was heard of. */
  lastSequence(stream: string): number {
    return this.#follows.find((follow) => follow.stream === stream)?.sequence ?? 0;
  }

  /** In order of process id. */
  async list(after: string, limit: number): Promise<readonly StoredRecord[]> {
    await Promise.all(this.#follows.map((follow) => follow.catchUp()));
    const page: StoredRecord[] = [];
    for (let from = after; page.length < limit;) {
      const ids = this.#ids.after(from, Math.min(limit - page.length, readsAtOnce));
      if (ids.length === 0) break;
      const records = await Promise.all(ids.map((id) => this.read(id)));
      // One that is gone meanwhile leaves room for the next.
      page.push(...records.filter((stored) => stored !== undefined));
      from = ids.at(-1) as string;
    }
    return page;
  }

  follow(listener: (processId: string, stored: StoredRecord | undefined) => void): () => void {
    return this.#followers.followRecords(listener);
  }

  /** Follows that stream anew, or each where none is named. */
  followAgain(stream?: string): void {
    for (const follow of this.#follows)
      if (stream === undefined || follow.stream === stream) follow.followAgain();
  }

  /** The leader of a stream has records up to a sequence. */
  expect(stream: string, sequence: number): void {
    this.#follows.find((follow) => follow.stream === stream)?.expect(sequence);
  }

  close(): void {
    this.#offReconnect();
    this.#deleted.close();
    for (const follow of this.#follows) follow.close();
  }

  async #write(
    processId: string,
    record: ProcessRecord | undefined,
    expected: Revision,
  ): Promise<number> {
    const { subjects, system } = this.#context;
    const id = system.randomId(messageIdLength);
    const previous = Number(expected);
    const message = { id, previous, processId, record };
    const request = {
      subject: subjects.recordOf(processId),
      data: encodeRecordMessage(message),
      expected: previous,
      replacing: true,
    };
    const sequence = await publishSettled(this.#context, request, () => this.#look(message));
    this.#tell(message, { sequence, timestamp: system.clock.now() });
    return sequence;
  }

  /** What became of a write: the record that is there says what it followed. */
  async #look({ id, processId, previous }: RecordMessage): Promise<WriteState> {
    const last = await this.#readMessage(processId);
    if (last === undefined || last.sequence <= previous) return "absent";
    if (last.message.id === id) return last.sequence;
    return last.message.previous === previous ? "lost" : "unknown";
  }

  async #readLast(processId: string): Promise<Met | undefined> {
    try {
      const met = await this.#readMessage(processId);
      // A deposed leader: whoever took this for news would never hear of what is newer again.
      const known = this.#sequences.get(processId) ?? 0;
      if (met === undefined ? this.#living.has(processId) : met.sequence < known)
        throw new StoreRejection("unavailable", `the leader is behind the record of ${processId}`);
      if (met !== undefined) this.#tell(met.message, met);
      return met;
    } catch (error) {
      throw toRejection(error);
    }
  }

  async #readMessage(processId: string): Promise<Met | undefined> {
    const { jetStream, subjects } = this.#context;
    const stream = subjects.streamOf(processId);
    const last = await jetStream.readLast(stream, subjects.recordOf(processId));
    return last && { ...last, message: decodeRecordOf(last) };
  }

  #meet(stored: StreamMessage): void {
    try {
      this.#tell(decodeRecordOf(stored), stored);
    } catch (error) {
      this.#context.reportError(error, "records");
    }
  }

  #tell({ processId, record }: RecordMessage, { sequence, timestamp }: Place): void {
    const known = this.#sequences.get(processId) ?? 0;
    if (sequence <= known) return;
    this.#sequences.set(processId, sequence);
    if (record === undefined) {
      this.#deleted.add(processId, { sequence, timestamp });
      if (this.#living.delete(processId)) this.#ids.delete(processId);
    } else {
      this.#deleted.replace(processId);
      if (!this.#living.has(processId)) this.#ids.add(processId);
      this.#living.add(processId);
    }
    this.#followers.tellRecord(processId, record && { record, revision: sequence });
  }
}

type Place = Pick<StreamMessage, "sequence" | "timestamp">;

interface Met extends Place {
  readonly message: RecordMessage;
}
