// Logs and batches as a broker hands them to its store, and a place on disk for them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const now = Date.now();

export function createKey(index, channel = "out") {
  const id = index.toString(36).padStart(12, "0");
  return { life: `l${id}`, processId: `process-${id}`, channel };
}

const producer = "producer-of-bench";
const senderId = "sender-of-bench-with-32-characters";

// Field by field: spreading would cost more than the append that is measured.
function createBatch(kind, first, entries, bytes, producers) {
  return {
    id: "batch-of-bench",
    kind,
    epoch: "epoch-bench1",
    term: 1,
    first,
    entries,
    bytes,
    logicalFirst: 1,
    trimmedBytes: 0,
    marks: [],
    producers,
    forgottenProducers: [],
  };
}

export function createOpening() {
  return createBatch("open", 1, [], 0, []);
}

/** The end of a log whose last entry is at `last`, before it can be removed. */
export function createTombstone(last) {
  return createBatch("tombstone", last + 1, [], 0, []);
}

/** The next entry of a log, behind the position `last`. */
export function createData(last, payload) {
  const position = last + 1;
  const entry = {
    position,
    sequence: position,
    inReplyTo: 0,
    replyTo: 0,
    timestamp: now,
    senderId,
    producer,
    payload,
    type: "data",
    error: "",
  };
  const state = { senderId, producer, max: position, holes: [], floor: 0, lastUsedAt: now };
  return createBatch("data", position, [entry], payload.byteLength + 64, [state]);
}

export async function withDirectory(work) {
  const path = await mkdtemp(join(tmpdir(), "jobwire-bench-"));
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
