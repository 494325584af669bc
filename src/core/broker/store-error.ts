import { ChannelError, isChannelError, unavailable } from "../errors.ts";
import { StoreRejection } from "../store.ts";

/** Stores reject with StoreRejection only; callers get to see ChannelErrors only. */
export function toChannelError(error: unknown): ChannelError {
  if (isChannelError(error)) return error;
  if (!(error instanceof StoreRejection))
    return new ChannelError("internal_error", {}, { cause: error });
  if (isChannelError(error.cause)) return error.cause;
  if (error.kind === "failed")
    return new ChannelError("store_failed", { reason: error.message }, { cause: error });
  return unavailable(error.message, error);
}

export function isRejection(error: unknown, kind: StoreRejection["kind"]): boolean {
  return error instanceof StoreRejection && error.kind === kind;
}
