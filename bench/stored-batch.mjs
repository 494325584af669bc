// Logs and batches as a broker hands them to its store, and a place on disk for them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const now = Date.now();

export function createKey(index, channel = "out") {
  const id = index.toString(36).padStart(12, "0");
  return { life: `l${id}`, processId: `process-${id}`, channel };
}

/** Whom the batches of a channel come from: 32 characters, as an identity has them at the least. */
function senderOf(key) {
  return `sender-of-${key.processId}-executor`;
}

function createBatch(kind, first, entries, producers) {
  return {
    ...{ id: "batch-of-bench", kind, epoch: "epoch-bench1", term: 1, first, entries },
    bytes: entries.reduce((sum, { payload }) => sum + payload.byteLength + 64, 0),
    ...{ logicalFirst: 1, trimmedBytes: 0, marks: [], forgottenProducers: [], producers },
  };
}

export function createOpening() {
  return createBatch("open", 1, [], []);
}

/** The next `count` entries of a log, behind the position `last`, from one producer. */
export function createData(key, last, count, payload) {
  const senderId = senderOf(key);
  const producer = "producer-of-bench";
  const entries = Array.from({ length: count }, (_, index) => ({
    ...{ position: last + index + 1, sequence: last + index + 1, inReplyTo: 0, replyTo: 0 },
    ...{ timestamp: now + last, senderId, producer, payload, type: "data", error: "" },
  }));
  const state = { senderId, producer, max: last + count, holes: [], floor: 0, lastUsedAt: now };
  return createBatch("data", last + 1, entries, [state]);
}

/** Cuts all that a log holds. */
export function createTrim(key, last, payload) {
  const batch = createData(key, last, 1, payload);
  return { ...batch, logicalFirst: last + 1, trimmedBytes: last * batch.bytes };
}

export async function withDirectory(work) {
  const path = await mkdtemp(join(tmpdir(), "jobwire-bench-"));
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
