import { ChannelError, invalidArgument } from "./errors.ts";

/** Types that the protocol itself gives a meaning to. `end` and `error` finish a stream, not the channel. */
export const MsgType = { Data: "data", End: "end", Error: "error" } as const;

/** `data`, `end`, `error`, or an application's own type of the form `<area>.<name>`. */
export type MsgType = (typeof MsgType)[keyof typeof MsgType] | `${string}.${string}`;

/** One message of a log. Absent values are the seed's zero values: "" and 0. */
export interface MsgEntry {
  /** Place in the log, dense, from 1, given by the log. 0 while the log has not fixed it yet. */
  readonly position: number;
  /** Number that the sender gave; with a producer id consecutive from 1. */
  readonly sequence: number;
  /** Sequence of the other side's message that this one answers, or 0. */
  readonly inReplyTo: number;
  /** Position of the message that this one answers, or 0. Unlike `inReplyTo` it is unique in the channel. */
  readonly replyTo: number;
  /** Wall time of the log when it took the message, in milliseconds since 1970. Not monotonic. */
  readonly timestamp: number;
  readonly senderId: string;
  /** Writing instance of the sender, or "" for callers that keep no producer id. */
  readonly producer: string;
  readonly payload: Uint8Array;
  readonly type: MsgType;
  /** Error text of an `error` entry, else "". */
  readonly error: string;
}

/** What a caller hands in for one entry; the log adds position, sender and time. */
export interface EntryInput {
  /** Left out: the next of this sender and producer. Such an append cannot be retried safely. */
  readonly sequence?: number | undefined;
  readonly inReplyTo?: number | undefined;
  readonly replyTo?: number | undefined;
  readonly payload?: Uint8Array | string | undefined;
  readonly type?: string | undefined;
  readonly error?: string | undefined;
}

// The length of bytes is asked for many times for each entry: `byteLength` is a call of 14 ns in Node 20, and `length`,
// which is the same of a Uint8Array, is read in one.

/**
 * Bytes an entry counts for in limits and budgets: its payload plus a flat allowance for the rest, so
 * that a flood of empty entries is bounded as well.
 */
export const entryOverheadBytes = 64;

export function entryBytes(entry: Pick<MsgEntry, "payload" | "error">): number {
  return entry.payload.length + entry.error.length + entryOverheadBytes;
}

const applicationType = /^[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){1,3}$/;

/** The type itself if it is `data`, `end`, `error` or `<area>.<name>` in lower case. Throws `invalid_argument`. */
export function requireMsgType(type: string): MsgType {
  if (type === "data" || type === "end" || type === "error") return type;
  if (applicationType.test(type)) return type as MsgType;
  throw invalidArgument(
    "type",
    "data, end, error or <area>.<name> in lower case",
    JSON.stringify(type.slice(0, 80)),
  );
}

/** Integers are refused beyond what JSON numbers carry exactly. Throws `invalid_argument`. */
export function requireSafeInteger(name: string, value: number, min = -Infinity): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  const range = min < 0 ? "within ±(2^53−1)" : `from ${min} to 2^53−1`;
  throw invalidArgument(name, `an integer ${range}`, String(value).slice(0, 40));
}

const emptyPayload = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Strings become UTF-8, a missing payload an empty one. Bytes are not copied: the caller gives them away. */
export function encodePayload(payload: Uint8Array | string | undefined): Uint8Array {
  if (payload === undefined) return emptyPayload;
  return typeof payload === "string" ? utf8.encode(payload) : payload;
}

/** Throws `message_too_large` with the limit. */
export function requirePayloadSize(payload: Uint8Array, limitBytes: number): void {
  if (payload.length <= limitBytes) return;
  throw new ChannelError("message_too_large", { limitBytes, actualBytes: payload.length });
}

/** Whether a retry repeats what is stored: the content that the sender decides. */
export function hasSameContent(a: MsgEntry, b: MsgEntry): boolean {
  return (
    a.type === b.type &&
    a.inReplyTo === b.inReplyTo &&
    a.replyTo === b.replyTo &&
    a.error === b.error &&
    hasSameBytes(a.payload, b.payload)
  );
}

function hasSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
