import { crc32 } from "node:zlib";
import { applyBatch, copyHead, createHead, producerKey } from "../../src/core/channel-head.ts";
import type { ChannelHead } from "../../src/core/channel-head.ts";
import { entryBytes } from "../../src/core/entry.ts";
import type { MsgEntry } from "../../src/core/entry.ts";
import type { Batch, ChannelKey, StoredHead } from "../../src/core/store.ts";

type SeededRandom = (below: number) => number;

/** What clients know of one log, and how they make the next batch of it. */
export class LogModel {
  readonly key: ChannelKey;
  /** What was last heard of the head; nothing where it has to be looked at, or there is none. */
  known: StoredHead | undefined;
  /** `absent`: nobody has opened it. `gone`: it was removed. */
  state: "absent" | "there" | "removing" | "gone" = "absent";

  constructor(key: ChannelKey) {
    this.key = key;
  }

  get name(): string {
    return `${this.key.life}/${this.key.channel}`;
  }

  /** A batch on top of what is known. */
  createBatch(id: string, kind: Batch["kind"], fields: Partial<Batch> = {}): Batch {
    const head = this.known?.head ?? createHead("epoch", 1);
    const { entries = [] } = fields;
    return {
      id,
      kind,
      epoch: head.epoch,
      term: head.term,
      first: head.last + 1,
      entries,
      bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
      logicalFirst: head.first,
      trimmedBytes: head.trimmedBytes,
      marks: [],
      producers: [],
      forgottenProducers: [],
      ...fields,
    };
  }

  /** Entries of a client, with all that the head has to carry for them; some batches trim. */
  createData(id: string, client: string, random: SeededRandom, payloadBytesMax: number): Batch {
    const head = this.known?.head ?? createHead("epoch", 1);
    const known = head.producers.get(producerKey({ senderId: client, producer: "p" }));
    const entries = Array.from({ length: 1 + random(4) }, (_, index) => ({
      position: head.last + 1 + index,
      sequence: (known?.max ?? 0) + 1 + index,
      inReplyTo: random(3),
      replyTo: random(3),
      timestamp: 1_000 + random(1_000),
      senderId: client,
      producer: "p",
      payload: createPayload(`${id}.${index}:`, random, payloadBytesMax),
      type: "data" as const,
      error: random(10) === 0 ? "é" : "",
    }));
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    const last = head.last + entries.length;
    const mark = { position: last, cumulativeBytes: head.cumulativeBytes + bytes };
    const cut = random(3) === 0 ? head.marks[random(head.marks.length || 1)] : undefined;
    const trim = cut && { logicalFirst: cut.position + 1, trimmedBytes: cut.cumulativeBytes };
    const holes = random(10) === 0 ? ([[2, 4]] as const) : [];
    const max = (known?.max ?? 0) + entries.length;
    const state = { senderId: client, producer: "p", max, holes, floor: 0, lastUsedAt: max };
    const forgotten = random(20) === 0 ? [...head.producers.values()].slice(0, 1) : [];
    return this.createBatch(id, "data", {
      entries,
      marks: [mark],
      producers: [state],
      forgottenProducers: forgotten
        .filter(({ senderId }) => senderId !== client)
        .map(({ senderId, producer }) => ({ senderId, producer })),
      ...trim,
    });
  }

  /** The head once the batch is in. */
  headAfter(batch: Batch): ChannelHead {
    const head = this.known ? copyHead(this.known.head) : createHead(batch.epoch, batch.term);
    applyBatch(head, batch);
    return head;
  }
}

/** Everything of a head as text. */
export function headText(head: ChannelHead): string {
  const { epoch, term, first, last, cumulativeBytes, trimmedBytes, hasForgotten, isDeleted } = head;
  const marks = head.marks.map((mark) => [mark.position, mark.cumulativeBytes]);
  const producers = Array.from(head.producers.values(), (state) => [
    ...[state.senderId, state.producer, state.max, state.holes, state.floor, state.lastUsedAt],
  ]);
  return JSON.stringify([
    ...[epoch, term, first, last, cumulativeBytes, trimmedBytes, hasForgotten, isDeleted],
    ...[head.seal, marks, producers],
  ]);
}

/** Everything of an entry but its position as text, short and unique. */
export function contentOf(entry: MsgEntry): string {
  const { sequence, inReplyTo, replyTo, timestamp, senderId, producer, payload, type } = entry;
  const name = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, 40));
  const numbers = `${sequence} ${inReplyTo} ${replyTo} ${timestamp}`;
  const texts = `${senderId} ${producer} ${type} ${entry.error}`;
  const [prefix] = name.toString("latin1").split(":", 1);
  return `${prefix} ${payload.byteLength} ${crc32(payload)} ${numbers} ${texts}`;
}

function createPayload(prefix: string, random: SeededRandom, bytesMax: number): Uint8Array {
  const sizes = [0, 40, 200, bytesMax / 40, bytesMax / 8, bytesMax];
  const payload = Buffer.alloc(
    prefix.length + random(1 + (sizes[random(random(sizes.length) + 1)] ?? 0)),
  );
  // A plain array of bytes, as an entry has it.
  return new Uint8Array(payload.fill(prefix));
}
