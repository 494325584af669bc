import { createHead } from "../channel-head.ts";
import { unavailable } from "../errors.ts";
import type { Batch, ChannelKey, Revision, StoredHead } from "../store.ts";
import { createMarkerBatch } from "./batch-builder.ts";
import type { OpenProcess } from "./open-process.ts";
import { isRejection } from "./store-error.ts";

const batchIdLength = 16;

/**
 * The head of a log as it is now. What has to be in it is written first: the opening batch where a crash came
 * before it, and the seal of a closed process where damage took it, so that readers come to their end.
 * `onBatch` is told the id of each batch before it is written.
 */
export async function openLog(
  process: OpenProcess,
  key: ChannelKey,
  onBatch: (id: string) => void,
): Promise<StoredHead> {
  const { store } = process;
  const stored = (await store.readHead(key)) ?? (await write("open", undefined));
  return lacksSeal(process, stored) ? await write("seal", stored) : stored;

  async function write(
    kind: Exclude<Batch["kind"], "data">,
    before: StoredHead | undefined,
  ): Promise<StoredHead> {
    const { record } = process;
    const id = process.randomId(batchIdLength);
    onBatch(id);
    const head = before?.head ?? createHead(record.epoch, record.term);
    await append(createMarkerBatch(kind, id, head, record), before?.revision);
    const after = await store.readHead(key);
    if (after !== undefined) return after;
    throw unavailable("the log could not be opened");
  }

  async function append(batch: Batch, expected: Revision | undefined): Promise<void> {
    try {
      await store.append(key, batch, expected);
    } catch (error) {
      // Somebody else wrote it first: as good.
      if (!isRejection(error, "conflict")) throw error;
    }
  }
}

/** A record says closed only after every log of it was sealed: a log without its seal has lost it. */
function lacksSeal({ record }: OpenProcess, { head }: StoredHead): boolean {
  const { outcome, settling } = record;
  return (
    outcome !== undefined && settling === undefined && head.seal === undefined && !head.isDeleted
  );
}
