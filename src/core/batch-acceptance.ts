import type { ChannelHead } from "./channel-head.ts";
import { ChannelError } from "./errors.ts";
import { StoreRejection } from "./store.ts";
import type { Batch, ChannelKey } from "./store.ts";

/**
 * What every store refuses before it writes: see `Store.append`. `head` is that of the log as the append
 * expects it, undefined where there is none. Throws `StoreRejection`.
 */
export function requireAcceptable(
  { processId }: ChannelKey,
  batch: Batch,
  head: Readonly<ChannelHead> | undefined,
  batchBytesMax: number,
): void {
  if (head === undefined && batch.kind !== "open" && batch.kind !== "tombstone")
    throw new StoreRejection("conflict", "there is no log yet");
  if (head?.isDeleted === true || (head?.seal !== undefined && batch.kind !== "tombstone"))
    throw refusal(new ChannelError("process_closed", { processId }));
  if (head !== undefined && batch.term < head.term)
    throw refusal(new ChannelError("executor_fenced", { processId, term: head.term }));
  if (batch.bytes > batchBytesMax) {
    const limits = { limitValue: batchBytesMax, actualValue: batch.bytes };
    throw refusal(new ChannelError("batch_too_large", { limit: "bytes", ...limits }));
  }
}

/** Nothing was written, and the error says why. */
export function refusal(cause: ChannelError): StoreRejection {
  return new StoreRejection("refused", cause.message, { cause });
}
