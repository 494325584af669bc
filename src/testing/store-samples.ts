import { applyBatch, copyHead, createHead } from "../core/channel-head.ts";
import type { ChannelHead } from "../core/channel-head.ts";
import { entryBytes } from "../core/entry.ts";
import type { MsgEntry } from "../core/entry.ts";
import type { ProcessRecord } from "../core/process-record.ts";
import type { Batch, ChannelKey, Revision, Store } from "../core/store.ts";

export function createSampleRecord(id: string, fields: Partial<ProcessRecord> = {}): ProcessRecord {
  return {
    id,
    life: `life-of-${id}`,
    epoch: "epoch1",
    term: 1,
    assignTerm: 0,
    label: "sample",
    submitterId: "submitter",
    executorId: "",
    executors: [],
    channels: [
      {
        name: "out",
        maxLogEntries: 1000,
        maxLogBytes: 1_000_000,
        whenFull: "refuse",
        writers: "both",
      },
    ],
    state: "waiting",
    createdAt: 1_000,
    grants: [],
    firstExecutorId: "",
    ...fields,
  };
}

export function createSampleKey(life = "life", channel = "out"): ChannelKey {
  return { life, processId: "process", channel };
}

export function createSampleEntry(
  position: number,
  payload: Uint8Array,
  producer = "producer",
): MsgEntry {
  return {
    position,
    sequence: position,
    inReplyTo: 0,
    replyTo: 0,
    timestamp: 1_000 + position,
    senderId: "sender",
    producer,
    payload,
    type: "data",
    error: "",
  };
}

/** Appends to one channel as a broker does: keeps its own head, and makes each batch from it. */
export class SampleWriter {
  readonly key: ChannelKey;
  readonly store: Store;
  #head: ChannelHead = createHead("epoch1", 1);
  #count = 0;
  revision: Revision | undefined;

  constructor(store: Store, key: ChannelKey = createSampleKey()) {
    this.store = store;
    this.key = key;
  }

  /** One that goes on where the log ends. */
  static async resume(store: Store, key: ChannelKey): Promise<SampleWriter> {
    const writer = new SampleWriter(store, key);
    await writer.takeHead();
    return writer;
  }

  get head(): ChannelHead {
    return this.#head;
  }

  /** A batch that would be the next one. */
  createBatch(kind: Batch["kind"], fields: Partial<Batch> = {}): Batch {
    const { entries = [] } = fields;
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    return {
      id: `batch-${this.key.life}-${++this.#count}`,
      kind,
      epoch: this.#head.epoch,
      term: this.#head.term,
      first: this.#head.last + 1,
      entries,
      bytes,
      logicalFirst: this.#head.first,
      trimmedBytes: this.#head.trimmedBytes,
      marks: [],
      producers: [],
      forgottenProducers: [],
      ...fields,
    };
  }

  createData(payloads: readonly (string | Uint8Array)[], fields: Partial<Batch> = {}): Batch {
    const entries = payloads.map((payload, index) =>
      createSampleEntry(
        this.#head.last + 1 + index,
        typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
      ),
    );
    return this.createBatch("data", { entries, ...fields });
  }

  async commit(batch: Batch): Promise<void> {
    this.revision = await this.store.append(this.key, batch, this.revision);
    applyBatch(this.#head, batch);
  }

  /** The head as the store has it, if there is one. */
  async takeHead(): Promise<void> {
    const stored = await this.store.readHead(this.key);
    if (stored === undefined) return;
    this.#head = copyHead(stored.head);
    this.revision = stored.revision;
  }

  async open(): Promise<this> {
    await this.commit(this.createBatch("open"));
    return this;
  }

  async append(...payloads: readonly (string | Uint8Array)[]): Promise<void> {
    await this.commit(this.createData(payloads));
  }

  /** Positions and payloads that the store returns. */
  async read(
    after = 0,
    limits = { entriesMax: Infinity, bytesMax: Infinity },
  ): Promise<readonly string[]> {
    const entries = await this.store.readAfter(this.key, after, limits);
    return entries.map(
      ({ position, payload }) => `${position}:${new TextDecoder().decode(payload)}`,
    );
  }
}

/** A small generator of its own, so that a printed seed gives the same history everywhere (mulberry32). */
export function createSeededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
