import { canonicalJson } from "../../src/testing/assertion.ts";
import { entryBytes } from "../../src/core/entry.ts";
import type { MsgEntry } from "../../src/core/entry.ts";
import { isChannelError } from "../../src/core/errors.ts";
import type { ProcessRecord } from "../../src/core/process-record.ts";
import { StoreRejection } from "../../src/core/store.ts";
import type {
  Batch,
  PageLimits,
  Revision,
  StoredHead,
  StoredRecord,
} from "../../src/core/store.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import type { HistoryEvent } from "../../src/testing/history-events.ts";
import { contentOf, headText } from "./log-model.ts";
import type { LogModel } from "./log-model.ts";
import type { TestedStore } from "./tested-store.ts";

/** What surrounds one life of a store: from its opening to a crash or its close. */
export interface StoreLife {
  /** The program was killed: nothing that it would still answer is heard. */
  readonly isOver: boolean;
  /** Whether something was done to it that may make calls fail. */
  readonly wasFaulty: boolean;
  readonly observe: (event: HistoryEvent) => void;
  /** A name that no other call has. */
  readonly nextName: (prefix: string) => string;
}

type LookAnswered = Extract<HistoryEvent, { readonly kind: "lookAnswered" }>;

interface Change<Value> {
  readonly expected: Revision | undefined;
  /** What is there once it has taken effect. */
  readonly value: string | undefined;
  readonly act: () => Promise<Value>;
}

type Answer<Value> =
  | { readonly kind: "acknowledged"; readonly value: Value }
  | { readonly kind: "refused" | "inDoubt" };

/** A store whose calls and answers become the events of a history. */
export class ObservedStore {
  readonly #store: TestedStore;
  readonly #life: StoreLife;

  constructor(store: TestedStore, life: StoreLife) {
    this.#store = store;
    this.#life = life;
  }

  async createRecord(record: ProcessRecord): Promise<StoredRecord | undefined> {
    const act = () => this.#store.createRecord(record);
    return this.#putRecord(record, undefined, act);
  }

  async updateRecord(record: ProcessRecord, expected: Revision): Promise<StoredRecord | undefined> {
    const act = () => this.#store.updateRecord(record, expected);
    return this.#putRecord(record, expected, act);
  }

  /** True once it is gone. */
  async deleteRecord({ record, revision }: StoredRecord): Promise<boolean> {
    const answer = await this.#change(`record ${record.id}`, this.#life.nextName("delete"), {
      expected: revision,
      value: undefined,
      act: () => this.#store.deleteRecord(record.id, revision).then(() => undefined),
    });
    return answer.kind === "acknowledged";
  }

  /** `isRewritten` says of a record whether the store itself has written it again, with a new epoch. */
  async readRecord(
    processId: string,
    isRewritten: (record: ProcessRecord) => boolean,
  ): Promise<StoredRecord | undefined> {
    const answer = await this.#look(
      `record ${processId}`,
      () => this.#store.readRecord(processId),
      ({ record }) => ({ value: recordText(record), isRewritten: isRewritten(record) }),
    );
    return answer?.stored;
  }

  /** Positions of a log may have come to be others. */
  changeEpoch(log: LogModel, epoch: string): void {
    this.#life.observe({ kind: "epochChanged", log: log.name, epoch });
  }

  async append(log: LogModel, client: string, batch: Batch): Promise<void> {
    const expected = log.known?.revision;
    const head = log.headAfter(batch);
    this.#observeAppend(log, client, batch);
    const answer = await this.#change(`head of ${log.name}`, batch.id, {
      expected,
      value: headText(head),
      act: () => this.#store.append(log.key, batch, expected),
    });
    this.#observeAnswer(log, batch, answer.kind);
    if (answer.kind === "acknowledged") log.state = "there";
    // Somebody else may have learned more meanwhile.
    if (log.known?.revision !== expected) return;
    log.known = answer.kind === "acknowledged" ? { head, revision: answer.value } : undefined;
  }

  /** False where a fault prevented an answer. */
  async readHead(log: LogModel): Promise<boolean> {
    const before = log.known;
    const answer = await this.#look<StoredHead>(
      `head of ${log.name}`,
      () => this.#store.readHead(log.key),
      ({ head }) => ({ value: headText(head) }),
    );
    if (answer === undefined || log.known !== before) return answer !== undefined;
    log.known = answer.stored;
    if (answer.stored !== undefined && log.state === "absent") log.state = "there";
    return true;
  }

  /** Reads one page. Returns the position behind which to go on, or undefined at the end. */
  async readPage(
    log: LogModel,
    client: string,
    after: number,
    limits: PageLimits,
  ): Promise<number | undefined> {
    const read = this.#life.nextName("read");
    this.#life.observe({ kind: "readSent", log: log.name, read });
    const entries = await this.#ask(() => this.#store.readAfter(log.key, after, limits));
    if (entries === undefined) return undefined;
    requirePage(entries, limits);
    // The store shows no gaps: where entries are missing, its head says up to where they are gone.
    const first = entries[0]?.position ?? (await this.#firstOf(log));
    if (first === undefined) return undefined;
    const next = entries.at(-1)?.position;
    this.#life.observe({
      kind: "readAnswered",
      log: log.name,
      read,
      client,
      after,
      entries: entries.map((entry) => ({ position: entry.position, content: contentOf(entry) })),
      isEnd: next === undefined,
      ...(first > after + 1 ? { gap: { first } } : {}),
    });
    return next;
  }

  async readAll(log: LogModel, client: string): Promise<void> {
    for (let after: number | undefined = 0; after !== undefined;)
      after = await this.readPage(log, client, after, { entriesMax: 7, bytesMax: 4_000 });
  }

  /** All records, page by page, or undefined where a fault may have kept some from being seen. */
  async listRecords(): Promise<readonly StoredRecord[] | undefined> {
    const records: StoredRecord[] = [];
    for (;;) {
      const after = records.at(-1)?.record.id ?? "";
      const page = await this.#ask(() => this.#store.listRecords({ after, limit: 2 }));
      if (page === undefined) return undefined;
      records.push(...page);
      if (page.length < 2) return this.#life.wasFaulty ? undefined : records;
    }
  }

  async trim(log: LogModel): Promise<void> {
    await this.#ask(() => this.#store.trim(log.key));
  }

  async removeLog(log: LogModel): Promise<void> {
    log.state = "removing";
    this.#life.observe({ kind: "removalSent", log: log.name });
    const answer = await this.#change(`head of ${log.name}`, this.#life.nextName("remove"), {
      expected: log.known?.revision,
      value: undefined,
      act: () => this.#store.removeLog(log.key).then(() => undefined),
    });
    if (answer.kind !== "acknowledged") return;
    log.state = "gone";
    log.known = undefined;
    this.#life.observe({ kind: "removed", log: log.name });
  }

  async maintain(what: "checkpoint" | "compact"): Promise<void> {
    await this.#ask(() => this.#store[what]());
  }

  async close(): Promise<void> {
    await this.#ask(() => this.#store.close());
  }

  async #putRecord(
    record: ProcessRecord,
    expected: Revision | undefined,
    act: () => Promise<Revision>,
  ): Promise<StoredRecord | undefined> {
    const value = recordText(record);
    const name = this.#life.nextName("record");
    const answer = await this.#change(`record ${record.id}`, name, { expected, value, act });
    return answer.kind === "acknowledged" ? { record, revision: answer.value } : undefined;
  }

  async #change<Value extends Revision | undefined>(
    register: string,
    change: string,
    { expected, value, act }: Change<Value>,
  ): Promise<Answer<Value>> {
    const { observe } = this.#life;
    observe({ kind: "changeSent", register, change, expected, value });
    const answer = await this.#hear(act());
    if ("error" in answer) {
      const { kind } = this.#requireRejection(answer.error, change);
      const isConflict = kind === "conflict";
      if (isConflict || kind === "refused") {
        observe({ kind: "changeRefused", register, change, isConflict });
        return { kind: "refused" };
      }
      observe({ kind: "changeInDoubt", register, change });
      return { kind: "inDoubt" };
    }
    const revision = answer.value;
    observe({ kind: "changeAcknowledged", register, change, revision });
    return { kind: "acknowledged", value: answer.value };
  }

  /** What is there, or nothing at all where a fault prevented an answer. */
  async #look<Stored extends { readonly revision: Revision }>(
    register: string,
    act: () => Promise<Stored | undefined>,
    seenOf: (stored: Stored) => Pick<LookAnswered, "value" | "isRewritten">,
  ): Promise<{ readonly stored: Stored | undefined } | undefined> {
    const look = this.#life.nextName("look");
    this.#life.observe({ kind: "lookSent", register, look });
    const answer = await this.#hear(act());
    if ("error" in answer) {
      this.#requireRejection(answer.error, look);
      return undefined;
    }
    const stored = answer.value;
    const seen = stored === undefined ? { value: undefined } : seenOf(stored);
    const revision = stored?.revision;
    this.#life.observe({ kind: "lookAnswered", register, look, ...seen, revision });
    return { stored };
  }

  /** An answer, or undefined where a fault prevented one. */
  async #ask<Value>(act: () => Promise<Value>): Promise<Value | undefined> {
    const answer = await this.#hear(act());
    if ("value" in answer) return answer.value;
    this.#requireRejection(answer.error, "a call");
    return undefined;
  }

  async #firstOf(log: LogModel): Promise<number | undefined> {
    const stored = await this.#ask(() => this.#store.readHead(log.key));
    return stored?.head.first ?? (this.#life.wasFaulty ? undefined : 1);
  }

  /** What the store answers, unless the program was killed meanwhile: then nobody hears it. */
  #hear<Value>(
    answer: Promise<Value>,
  ): Promise<{ readonly value: Value } | { readonly error: unknown }> {
    return new Promise((resolve) => {
      answer.then(
        (value) => {
          if (!this.#life.isOver) resolve({ value });
        },
        (error: unknown) => {
          if (!this.#life.isOver) resolve({ error });
        },
      );
    });
  }

  #requireRejection(error: unknown, what: string): StoreRejection {
    if (!(error instanceof StoreRejection))
      throw new SuiteFailure(`${what} rejected with ${describe(error)}, no StoreRejection`);
    const mayFail = this.#life.wasFaulty;
    if (error.kind === "conflict" || mayFail) return error;
    const isRule = ["process_closed", "executor_fenced", "batch_too_large"].some(
      (code) => isChannelError(error.cause) && error.cause.code === code,
    );
    if (error.kind === "refused" && isRule) return error;
    throw new SuiteFailure(`${what} was rejected without a fault: ${describe(error)}`);
  }

  #observeAppend(log: LogModel, client: string, batch: Batch): void {
    if (batch.kind !== "data") return;
    this.#life.observe({
      kind: "appendSent",
      log: log.name,
      call: batch.id,
      contents: batch.entries.map(contentOf),
      client,
      producer: client,
      term: batch.term,
      logicalFirst: batch.logicalFirst,
    });
  }

  #observeAnswer(log: LogModel, batch: Batch, kind: Answer<Revision>["kind"]): void {
    const { observe } = this.#life;
    const [name, call] = [log.name, batch.id];
    if (batch.kind !== "data") {
      if (kind !== "acknowledged") return;
      if (batch.kind === "fence")
        observe({ kind: "fenced", log: name, term: batch.term, next: batch.first });
      if (batch.kind === "seal") observe({ kind: "sealed", log: name, last: batch.first - 1 });
    } else if (kind === "acknowledged") {
      const positions = batch.entries.map(({ position }) => position);
      observe({ kind: "appendAcknowledged", log: name, call, positions });
    } else
      observe({ kind: kind === "refused" ? "appendRefused" : "appendInDoubt", log: name, call });
  }
}

/** A page within its limits; a single entry may be larger. */
function requirePage(entries: readonly MsgEntry[], { entriesMax, bytesMax }: PageLimits): void {
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (entries.length > entriesMax || (bytes > bytesMax && entries.length > 1))
    throw new SuiteFailure(`a page of ${entries.length} entries and ${bytes} bytes is too large`);
}

/** Everything of a record but its epoch, which the store may change. */
function recordText(record: ProcessRecord): string {
  return canonicalJson({ ...record, epoch: "" });
}

/** An error with its place. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
