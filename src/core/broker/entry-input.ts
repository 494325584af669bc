import { createEntry } from "../channel.ts";
import type { LogEntry } from "../channel-log.ts";
import {
  encodePayload,
  entryBytes,
  requireMsgType,
  requirePayloadSize,
  requireSafeInteger,
} from "../entry.ts";
import type { EntryInput } from "../entry.ts";
import { ChannelError, invalidArgument } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import { createCall } from "./append-call.ts";
import type { AppendCall } from "./append-call.ts";
import type { Caller } from "./caller.ts";
import { requireId } from "./process-spec.ts";

export const errorTextLengthMax = 4096;

/**
 * Checks what a caller hands in, before anything else looks at it. Errors: `message_too_large`,
 * `batch_too_large`, `invalid_argument`.
 */
export function createAppendCall(
  caller: Caller,
  inputs: readonly EntryInput[],
  { producer, term }: { readonly producer?: string; readonly term?: number },
  { limits, now }: { readonly limits: BrokerLimits; readonly now: number },
): AppendCall {
  const { batchEntriesMax, batchBytesMax } = limits;
  if (inputs.length === 0) throw invalidArgument("entries", "at least one entry");
  if (inputs.length > batchEntriesMax) {
    throw new ChannelError("batch_too_large", {
      limit: "entries",
      limitValue: batchEntriesMax,
      actualValue: inputs.length,
    });
  }
  if (producer !== undefined) requireId("producer", producer);
  if (term !== undefined) requireSafeInteger("term", term, 1);
  let bytes = 0;
  const entries = inputs.map((input) => {
    const entry = createChecked(caller, input, producer ?? "", limits, now);
    bytes += entryBytes(entry);
    return entry;
  });
  // One entry alone is bounded by the payload limit, whatever the limit of a batch.
  if (inputs.length > 1 && bytes > batchBytesMax) {
    throw new ChannelError("batch_too_large", {
      limit: "bytes",
      limitValue: batchBytesMax,
      actualValue: bytes,
    });
  }
  return createCall(
    caller,
    term,
    entries,
    inputs.map(({ sequence }) => sequence !== undefined),
  );
}

function createChecked(
  caller: Caller,
  input: EntryInput,
  producer: string,
  limits: BrokerLimits,
  now: number,
): LogEntry {
  const payload = encodePayload(input.payload);
  requirePayloadSize(payload, limits.payloadBytesMax);
  if (input.sequence !== undefined)
    requireSafeInteger("sequence", input.sequence, producer === "" ? undefined : 1);
  if (input.inReplyTo !== undefined) requireSafeInteger("inReplyTo", input.inReplyTo);
  if (input.replyTo !== undefined) requireSafeInteger("replyTo", input.replyTo, 0);
  if (input.type !== undefined) requireMsgType(input.type);
  if (input.error !== undefined && input.error.length > errorTextLengthMax) {
    throw invalidArgument("error", `a text of at most ${errorTextLengthMax} characters`);
  }
  const { sequence, inReplyTo, replyTo, type, error } = input;
  const { identity: senderId } = caller;
  return createEntry(
    { sequence, inReplyTo, replyTo, payload, type, error, producer, senderId },
    now,
  );
}
