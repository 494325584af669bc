import { requireEqual } from "../../src/testing/assertion.ts";
import type { ChannelKey } from "../../src/core/store.ts";
import type { ProcessRecord } from "../../src/core/process-record.ts";
import { createSampleRecord } from "../../src/testing/store-samples.ts";
import type { LogModel } from "./log-model.ts";
import type { ObservedStore, StoreLife } from "./observed-store.ts";
import { ProcessModel } from "./process-model.ts";
import type { Renewal } from "./process-model.ts";

type SeededRandom = (below: number) => number;

/** Random work of several clients on a few processes, who hear of each other only through the store. */
export class StoreClients {
  readonly #random: SeededRandom;
  readonly #payloadBytesMax: number;
  readonly #processes = ["a", "b", "c"].map((id) => new ProcessModel(id));

  constructor(random: SeededRandom, payloadBytesMax: number) {
    this.#random = random;
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** One random operation. */
  async operate(store: ObservedStore, client: string, life: StoreLife): Promise<void> {
    const process = this.#pick(this.#processes);
    const what = this.#random(100);
    if (what < 3) return store.maintain("checkpoint");
    if (what < 9) return store.maintain("compact");
    if (process.record === undefined) return this.#create(store, process);
    if (what < 18) return this.#updateRecord(store, process);
    if (process.isDeleting) return this.#delete(store, process, life);
    if (process.isEnding && this.#random(3) === 0) return this.#end(store, process, client, life);
    const log = this.#pick(process.logs);
    if (log.known === undefined) return this.#openLog(store, client, log, life);
    if (what < 21) process.isDeleting = true;
    else if (what < 37) await this.#readPage(store, client, log);
    else if (what < 42) await store.readHead(log);
    else if (what < 47) await store.trim(log);
    else if (what < 54) await this.#fence(store, client, log, life);
    else if (what < 56) {
      process.isEnding = true;
      await this.#seal(store, client, log, life);
    } else await this.#appendData(store, client, log, life);
  }

  /** Every log that there ever was. */
  get keys(): readonly ChannelKey[] {
    return this.#processes.flatMap(({ logs, oldLogs }) =>
      [...logs, ...oldLogs].map(({ key }) => key),
    );
  }

  /** The store was stopped: says what it has to do about epochs when it is opened next. */
  stop(renewal: Renewal): void {
    for (const process of this.#processes)
      if (process.renewal !== "required") process.renewal = renewal;
  }

  /** Looks at everything there is and ever was. */
  async lookAtAll(store: ObservedStore): Promise<void> {
    for (const process of this.#processes) {
      await process.look(store);
      for (const log of process.logs) await this.#lookAtLog(store, log);
    }
    for (const log of this.#processes.flatMap(({ oldLogs }) => oldLogs))
      await this.#lookAtLog(store, log);
    const listed = await store.listRecords();
    if (listed === undefined) return;
    const known = this.#processes.flatMap(({ record }) => (record === undefined ? [] : [record]));
    requireEqual(listed, known, "the list of all records");
  }

  async #lookAtLog(store: ObservedStore, log: LogModel): Promise<void> {
    log.known = undefined;
    const isAnswered = await store.readHead(log);
    if (isAnswered && log.state === "removing")
      log.state = log.known === undefined ? "gone" : "there";
    await store.readAll(log, "observer");
  }

  async #create(store: ObservedStore, process: ProcessModel): Promise<void> {
    // A create in doubt may have happened; its life has no logs yet, so the name may be used again.
    if (process.logs.every(({ state }) => state === "gone")) process.beginLife();
    const [log] = process.logs;
    if (log === undefined) return;
    const record = createSampleRecord(process.id, { life: log.key.life });
    process.record = await store.createRecord(record);
    if (process.record === undefined) await process.readRecord(store);
  }

  async #updateRecord(store: ObservedStore, process: ProcessModel): Promise<void> {
    if (process.record === undefined) return;
    if (this.#random(4) === 0) return process.readRecord(store);
    await this.#replaceRecord(store, process, { label: "x".repeat(this.#random(200)) });
  }

  async #replaceRecord(
    store: ObservedStore,
    process: ProcessModel,
    fields: Partial<ProcessRecord>,
  ): Promise<void> {
    if (process.record === undefined) return;
    const { record, revision } = process.record;
    const replaced = { ...record, ...fields, term: record.term + 1 };
    process.record = await store.updateRecord(replaced, revision);
    if (process.record === undefined) await process.readRecord(store);
  }

  /** The next step towards the end of a process, which keeps its logs: seals, then its record. */
  async #end(
    store: ObservedStore,
    process: ProcessModel,
    client: string,
    life: StoreLife,
  ): Promise<void> {
    for (const log of process.logs) {
      if (log.known === undefined) return this.#openLog(store, client, log, life);
      if (log.known.head.seal === undefined) return this.#seal(store, client, log, life);
    }
    process.isEnding = false;
    await this.#replaceRecord(store, process, { state: "closed" });
  }

  #seal(store: ObservedStore, client: string, log: LogModel, life: StoreLife): Promise<void> {
    const outcome = { status: "success" } as const;
    return store.append(log, client, log.createBatch(life.nextName("seal"), "seal", { outcome }));
  }

  /** The next step towards the end of a process: tombstones, logs, record. */
  async #delete(store: ObservedStore, process: ProcessModel, life: StoreLife): Promise<void> {
    for (const log of process.logs) {
      if (log.state === "gone" || log.state === "removing") continue;
      if (log.known === undefined && log.state === "there") {
        await store.readHead(log);
        return;
      }
      if (log.known?.head.isDeleted === true) return store.removeLog(log);
      const term = (log.known?.head.term ?? 1) + 1;
      const batch = log.createBatch(life.nextName("tombstone"), "tombstone", { term });
      return store.append(log, "deleter", batch);
    }
    if (process.logs.some(({ state }) => state !== "gone") || process.record === undefined) return;
    if (await store.deleteRecord(process.record)) process.record = undefined;
    else await process.readRecord(store);
  }

  async #openLog(
    store: ObservedStore,
    client: string,
    log: LogModel,
    life: StoreLife,
  ): Promise<void> {
    if (log.state === "absent")
      await store.append(log, client, log.createBatch(life.nextName("open"), "open"));
    await store.readHead(log);
  }

  #fence(store: ObservedStore, client: string, log: LogModel, life: StoreLife): Promise<void> {
    const term = (log.known?.head.term ?? 1) + 1;
    return store.append(log, client, log.createBatch(life.nextName("fence"), "fence", { term }));
  }

  #appendData(store: ObservedStore, client: string, log: LogModel, life: StoreLife): Promise<void> {
    const name = life.nextName("data");
    const batch = log.createData(name, client, this.#random, this.#payloadBytesMax);
    // Now and then a writer that has not heard of the last fence.
    const term = this.#random(15) === 0 ? Math.max(1, batch.term - 1) : batch.term;
    return store.append(log, client, { ...batch, term });
  }

  async #readPage(store: ObservedStore, client: string, log: LogModel): Promise<void> {
    const after = this.#random((log.known?.head.last ?? 0) + 3);
    const entriesMax = 1 + this.#random(5);
    const bytesMax = this.#random(2) === 0 ? Infinity : this.#random(2_000);
    await store.readPage(log, client, after, { entriesMax, bytesMax });
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#random(values.length)] as Value;
  }
}
