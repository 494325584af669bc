import type { EntryInput, MsgEntry } from "../core/entry.ts";
import type { JsonEnd, JsonEntryInput, JsonGap, JsonProcess } from "./json-form.ts";
import type { ChannelError } from "../core/errors.ts";
import { isRetryable, retryAfterMs } from "./error-retry.ts";
import type { Problem } from "./error-status.ts";

// Messages of a WebSocket (PROTOCOL §7.3, §7.4) as `decodeFrame` gives them: payloads are bytes.

/** An entry of an append as it is sent. */
export type FrameEntryInput = Omit<JsonEntryInput, "payload"> & {
  readonly sequence: number;
  readonly payload: Uint8Array;
};

/** An entry of an append as it is received. */
export type ReceivedInput = Omit<EntryInput, "sequence" | "payload"> &
  Pick<FrameEntryInput, "sequence" | "payload">;

/**
 * JSON of what an entry tells beside its payload: nothing, where all that it has to tell is the sequence that follows the
 * one before.
 */
export function encodeInputFields(entry: FrameEntryInput, before?: FrameEntryInput): string {
  const { sequence, inreplyto, replyto, type, error } = entry;
  const isNext = sequence - 1 === before?.sequence;
  // Most entries of a stream are so, and to see that costs a tenth of making their JSON.
  return isNext && (type ?? error ?? inreplyto ?? replyto) === undefined
    ? "{}"
    : JSON.stringify({ ...entry, payload: undefined });
}

/** The entry of what `encodeInputFields` tells. */
export function decodeInputFields(
  { sequence, inreplyto, replyto, type, error }: JsonEntryInput,
  before: ReceivedInput | undefined,
  payload: Uint8Array,
): ReceivedInput {
  return {
    sequence: sequence ?? Number(before?.sequence) + 1,
    inReplyTo: inreplyto,
    replyTo: replyto,
    payload,
    type,
    error,
  };
}

/** What an error is on a WebSocket; `decodeError` makes it one again. */
export type FrameError = Pick<Problem, "code" | "detail" | "retryable" | "details"> & {
  readonly retryafterms?: number;
};

export function encodeFrameError(error: ChannelError): FrameError {
  const { code, message: detail, details } = error;
  const waitMs = retryAfterMs(error);
  const problem = { code, detail, retryable: isRetryable(error), details: { ...details } };
  return { ...problem, ...(waitMs && { retryafterms: waitMs }) };
}

/** As JSON they are without what is undefined. `Input`: an entry where it is read or written. */
export type ClientMessage<Input = FrameEntryInput> =
  | { readonly kind: "hello" | "token"; readonly token: string }
  | {
      readonly kind: "subscribe";
      readonly id: number;
      readonly process: string;
      readonly channel: string;
      /** As the query's: `start`, `now`, `last:<n>`, a position, or a cursor. */
      readonly after: string;
      readonly credit: number;
    }
  | { readonly kind: "credit"; readonly id: number; readonly bytes: number }
  | { readonly kind: "unsubscribe"; readonly id: number }
  | {
      readonly kind: "produce";
      readonly id: number;
      readonly process: string;
      readonly channel: string;
      readonly producer: string;
      readonly term?: number | undefined;
    }
  | { readonly kind: "append"; readonly id: number; readonly entries: readonly Input[] }
  | { readonly kind: "watch"; readonly id: number; readonly process?: string | undefined }
  | { readonly kind: "ping" | "pong" };

/** As a server gets them. */
export type ReceivedMessage = ClientMessage<ReceivedInput>;

export interface SocketLimits {
  readonly framebytes: number;
  readonly payloadbytes: number;
  readonly batchentries: number;
  readonly unsettledbytes: number;
  readonly subscriptions: number;
}

/**
 * Entries from a sequence on that stand at a position and the following ones. A mark: they were there
 * already, 1 if their content was compared, 2 if not.
 */
export type AckRun =
  | readonly [sequence: number, position: number, count: number]
  | readonly [sequence: number, position: number, count: number, mark: 1 | 2];

/** `ToldError`: what is known of an error where it is read or written. */
export type ServerMessage<ToldError = FrameError> =
  | {
      readonly kind: "welcome";
      readonly version: 1;
      readonly identity: string;
      readonly expiresat: string;
      readonly heartbeatms: number;
      readonly limits: SocketLimits;
    }
  | { readonly kind: "token"; readonly expiresat: string }
  | {
      readonly kind: "subscribed";
      readonly id: number;
      readonly cursor: string;
      readonly last: number;
    }
  | {
      readonly kind: "entries";
      readonly id: number;
      readonly last: number;
      readonly entries: readonly MsgEntry[];
    }
  | ({ readonly kind: "gap"; readonly id: number } & JsonGap)
  | { readonly kind: "head"; readonly id: number; readonly last: number }
  | ({ readonly kind: "end"; readonly id: number; readonly error?: ToldError } & Partial<
      Omit<JsonEnd, "code" | "reason">
    > & { readonly reason: string })
  | { readonly kind: "ack"; readonly id: number; readonly runs: readonly AckRun[] }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly sequence: number;
      readonly count: number;
      readonly error: ToldError;
    }
  | { readonly kind: "process"; readonly id: number; readonly process: JsonProcess }
  | { readonly kind: "deleted"; readonly id: number; readonly process: string }
  | { readonly kind: "synced"; readonly id: number }
  | { readonly kind: "ping" | "pong" };
