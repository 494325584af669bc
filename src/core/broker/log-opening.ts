import { createHead } from "../channel-head.ts";
import { ChannelError } from "../errors.ts";
import type { ChannelKey, StoredHead } from "../store.ts";
import { createMarkerBatch } from "./batch-builder.ts";
import type { OpenProcess } from "./open-process.ts";
import { isRejection } from "./store-error.ts";

const batchIdLength = 16;

/**
 * The head of a log as it is now; where a crash came before its opening batch, that is written first.
 * `onBatch` is told the id of the batch before it is written.
 */
export async function openLog(
  process: OpenProcess,
  key: ChannelKey,
  onBatch: (id: string) => void,
): Promise<StoredHead> {
  const { store, record } = process;
  const stored = await store.readHead(key);
  if (stored !== undefined) return stored;
  const id = process.randomId(batchIdLength);
  onBatch(id);
  const batch = createMarkerBatch("open", id, createHead(record.epoch, record.term), record);
  try {
    await store.append(key, batch, undefined);
  } catch (error) {
    // Somebody else opened it first: as good.
    if (!isRejection(error, "conflict")) throw error;
  }
  const opened = await store.readHead(key);
  if (opened !== undefined) return opened;
  throw new ChannelError("unavailable", { reason: "the log could not be opened" });
}
