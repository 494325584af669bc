import { ChannelError, unavailable } from "../../core/errors.ts";
import { refusal } from "../../core/batch-acceptance.ts";
import { StoreRejection } from "../../core/store.ts";
import { JetStreamFailure } from "./jet-stream.ts";

/** What a broker is told of a failure. Anything that is no failure of JetStream is a bug, and thrown on. */
export function toRejection(error: unknown): StoreRejection {
  if (error instanceof StoreRejection) return error;
  if (!(error instanceof JetStreamFailure)) throw error;
  if (error.kind === "full")
    return refusal(new ChannelError("store_full", { reason: error.message }, { cause: error }));
  if (error.kind === "refused") return refusal(unavailable(error.message, error));
  return new StoreRejection(error.kind, error.message, { cause: error });
}
