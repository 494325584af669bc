import type {
  AppendAck,
  ChannelView,
  Cursor,
  Gap,
  ProcessView,
  ReadResult,
  SubscriptionItem,
} from "../core/broker/views.ts";
import type { GrantView } from "../core/broker/grants.ts";
import type { Channel } from "../core/channel.ts";
import { isChannelError } from "../core/errors.ts";
import type { EntryInput, MsgEntry } from "../core/entry.ts";
import type { GrantOp, Outcome, ResolvedChannelSpec } from "../core/process-record.ts";
import { decodeBase64, encodeBase64, requireBase64 } from "./base64.ts";
import { encodeCursor } from "./cursor.ts";
import { definedFields } from "./defined-fields.ts";

// The JSON names of fields are the seed's (ColonyOS `channel`): lower case without separators.

export interface JsonEntry {
  readonly position: number;
  readonly sequence: number;
  readonly inreplyto?: number;
  readonly replyto?: number;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly senderid: string;
  readonly producer?: string;
  /** Base64. */
  readonly payload: string;
  readonly type?: string;
  readonly error?: string;
}

export function encodeEntry(entry: MsgEntry): JsonEntry {
  return { ...encodeEntryFields(entry), payload: encodeBase64(entry.payload) };
}

/** An entry without its payload. */
export function encodeEntryFields(entry: MsgEntry): Omit<JsonEntry, "payload"> {
  return {
    position: entry.position,
    sequence: entry.sequence,
    ...(entry.inReplyTo === 0 ? {} : { inreplyto: entry.inReplyTo }),
    ...(entry.replyTo === 0 ? {} : { replyto: entry.replyTo }),
    timestamp: encodeTime(entry.timestamp),
    senderid: entry.senderId,
    ...(entry.producer === "" ? {} : { producer: entry.producer }),
    type: entry.type,
    ...(entry.error === "" ? {} : { error: entry.error }),
  };
}

/**
 * JSON of `encodeEntryFields`, made field by field: it is made of each entry that goes to any reader. Of one that
 * follows another in a message only what is its own is told (PROTOCOL §7.1).
 */
export function encodeEntryFieldsText(entry: MsgEntry, before?: MsgEntry): string {
  const { position, sequence, inReplyTo, replyTo, timestamp } = entry;
  const { senderId, producer, type, error } = entry;
  let text = "";
  if (position - 1 !== before?.position) text += `,"position":${position}`;
  if (sequence - 1 !== before?.sequence) text += `,"sequence":${sequence}`;
  if (inReplyTo !== 0) text += `,"inreplyto":${inReplyTo}`;
  if (replyTo !== 0) text += `,"replyto":${replyTo}`;
  if (timestamp !== before?.timestamp) text += `,"timestamp":"${encodeRecentTime(timestamp)}"`;
  if (senderId !== before?.senderId) text += `,"senderid":${JSON.stringify(senderId)}`;
  if (producer !== (before?.producer ?? "")) text += `,"producer":${JSON.stringify(producer)}`;
  // A type has no character that JSON escapes.
  if (type !== before?.type) text += `,"type":"${type}"`;
  if (error !== "") text += `,"error":${JSON.stringify(error)}`;
  return `{${text.slice(1)}}`;
}

/** The last time and its text: entries that follow each other often have the same. */
const recentTime = { ms: Number.NaN, text: "" };

function encodeRecentTime(ms: number): string {
  if (ms !== recentTime.ms) Object.assign(recentTime, { ms, text: encodeTime(ms) });
  return recentTime.text;
}

export function decodeEntry(json: JsonEntry): MsgEntry {
  return decodeEntryFields(json, undefined, decodeBase64(json.payload));
}

/**
 * With the payload, which has other forms elsewhere. What it has in common with the one before it in a message it need
 * not tell (PROTOCOL §7.1).
 */
export function decodeEntryFields(
  json: Partial<JsonEntry>,
  before: MsgEntry = {} as MsgEntry,
  payload: Uint8Array,
): MsgEntry {
  const { timestamp } = json;
  return {
    position: json.position ?? before.position + 1,
    sequence: json.sequence ?? before.sequence + 1,
    inReplyTo: json.inreplyto ?? 0,
    replyTo: json.replyto ?? 0,
    timestamp: timestamp === undefined ? before.timestamp : Date.parse(timestamp),
    senderId: json.senderid ?? before.senderId,
    producer: json.producer ?? before.producer ?? "",
    payload,
    type: (json.type ?? before.type ?? "data") as MsgEntry["type"],
    error: json.error ?? "",
  };
}

/** An entry as a caller sends it in a batch. JSON leaves out what is undefined. */
export interface JsonEntryInput {
  readonly sequence?: number | undefined;
  readonly inreplyto?: number | undefined;
  readonly replyto?: number | undefined;
  readonly payload?: string | undefined;
  readonly type?: string | undefined;
  readonly error?: string | undefined;
}

export function decodeEntryInput(json: JsonEntryInput): EntryInput {
  const { sequence, inreplyto: inReplyTo, replyto: replyTo, type, error } = json;
  const payload =
    json.payload === undefined ? undefined : decodeBase64(requireBase64(json.payload));
  return { sequence, inReplyTo, replyTo, payload, type, error };
}

export interface JsonOutcome {
  readonly status: "success" | "failed" | "cancelled";
  readonly error?: string;
  readonly exitcode?: number;
  readonly signal?: string;
}

export function encodeOutcome(outcome: Outcome): JsonOutcome {
  return definedFields<JsonOutcome>({
    status: outcome.status,
    error: outcome.status === "failed" ? outcome.error : undefined,
    exitcode: outcome.exitCode,
    signal: outcome.signal,
  });
}

export function decodeOutcome({ status, error, exitcode, signal }: JsonOutcome): Outcome {
  const program = { exitCode: exitcode, signal };
  return definedFields<Outcome>(
    status === "failed" ? { status, error: error ?? "", ...program } : { status, ...program },
  );
}

export interface JsonChannelSpec {
  readonly name: string;
  readonly maxlogentries?: number;
  readonly maxlogbytes?: number;
  readonly whenfull?: "refuse" | "trim";
  readonly writers?: "both" | "submitter" | "executor";
}

/** A limit that is none is left out: JSON has no infinity. */
export function encodeChannelSpec(spec: ResolvedChannelSpec): JsonChannelSpec {
  return {
    name: spec.name,
    ...(spec.maxLogEntries === Infinity ? {} : { maxlogentries: spec.maxLogEntries }),
    ...(spec.maxLogBytes === Infinity ? {} : { maxlogbytes: spec.maxLogBytes }),
    whenfull: spec.whenFull,
    writers: spec.writers,
  };
}

export interface JsonProcess {
  readonly id: string;
  readonly label?: string;
  readonly submitterid: string;
  readonly executorid?: string;
  readonly executors?: readonly string[];
  readonly channels: readonly JsonChannelSpec[];
  readonly state: ProcessView["state"];
  readonly epoch: string;
  readonly term: number;
  readonly createdat: string;
  readonly startedat?: string;
  readonly closedat?: string;
  readonly expiresat?: string;
  readonly cancelrequest?: { readonly by: string; readonly at: string };
  readonly outcome?: JsonOutcome;
  readonly leasems?: number;
  readonly lastpositions?: Readonly<Record<string, number>>;
  readonly revision: string;
}

export function encodeProcess(process: ProcessView): JsonProcess {
  const { startedAt, closedAt, expiresAt, cancelRequest, outcome, leaseMs, lastPositions } =
    process;
  return {
    id: process.id,
    ...(process.label === "" ? {} : { label: process.label }),
    submitterid: process.submitterId,
    ...(process.executorId === "" ? {} : { executorid: process.executorId }),
    ...(process.executors.length === 0 ? {} : { executors: process.executors }),
    channels: process.channels.map(encodeChannelSpec),
    state: process.state,
    epoch: process.epoch,
    term: process.term,
    createdat: encodeTime(process.createdAt),
    ...(startedAt === undefined ? {} : { startedat: encodeTime(startedAt) }),
    ...(closedAt === undefined ? {} : { closedat: encodeTime(closedAt) }),
    ...(expiresAt === undefined ? {} : { expiresat: encodeTime(expiresAt) }),
    ...(cancelRequest === undefined
      ? {}
      : { cancelrequest: { by: cancelRequest.by, at: encodeTime(cancelRequest.at) } }),
    ...(outcome === undefined ? {} : { outcome: encodeOutcome(outcome) }),
    ...(leaseMs === undefined ? {} : { leasems: leaseMs }),
    ...(lastPositions === undefined ? {} : { lastpositions: lastPositions }),
    revision: String(process.revision),
  };
}

export interface JsonChannel {
  readonly spec: JsonChannelSpec;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly outcome?: JsonOutcome;
}

export function encodeChannelView(view: ChannelView): JsonChannel {
  return {
    spec: encodeChannelSpec(view.spec),
    epoch: view.epoch,
    first: view.first,
    last: view.last,
    bytes: view.keptBytes,
    ...(view.outcome === undefined ? {} : { outcome: encodeOutcome(view.outcome) }),
  };
}

/** A bare router's channel under the seed's names. */
export function encodeChannel(channel: Channel): Readonly<Record<string, unknown>> {
  return {
    id: channel.id,
    processid: channel.processId,
    name: channel.name,
    submitterid: channel.submitterId,
    executorid: channel.executorId,
    sequence: channel.sequence,
    log: channel.log.map(encodeEntry),
  };
}

export interface JsonAck {
  readonly entries: readonly {
    readonly position: number;
    readonly sequence: number;
    readonly duplicate?: boolean;
    readonly compared?: boolean;
  }[];
  readonly cursor: string;
}

export function encodeAck({ entries, cursor }: AppendAck): JsonAck {
  return {
    entries: entries.map(({ position, sequence, duplicate, compared }) => ({
      position,
      sequence,
      ...(duplicate ? { duplicate, compared } : {}),
    })),
    cursor: encodeCursor(cursor),
  };
}

export interface JsonGap {
  readonly reason: Gap["reason"];
  readonly first: number;
  readonly cursor: string;
}

export function encodeGap({ reason, first, cursor }: Gap): JsonGap {
  return { reason, first, cursor: encodeCursor(cursor) };
}

export interface JsonRead {
  readonly entries: readonly JsonEntry[];
  readonly cursor: string;
  readonly last: number;
  readonly gap?: JsonGap;
  readonly outcome?: JsonOutcome;
}

export function encodeRead({ entries, cursor, last, gap, outcome }: ReadResult): JsonRead {
  return {
    ...(gap === undefined ? {} : { gap: encodeGap(gap) }),
    entries: entries.map(encodeEntry),
    cursor: encodeCursor(cursor),
    last,
    ...(outcome === undefined ? {} : { outcome: encodeOutcome(outcome) }),
  };
}

export interface JsonEnd {
  readonly reason: string;
  readonly cursor: string;
  readonly outcome?: JsonOutcome;
  readonly code?: string;
}

export function encodeEnd(
  end: Pick<Extract<SubscriptionItem, { kind: "end" }>, "outcome" | "error"> & {
    readonly reason: string;
    readonly cursor: Cursor;
  },
): JsonEnd {
  return {
    reason: end.reason,
    cursor: encodeCursor(end.cursor),
    ...(end.outcome === undefined ? {} : { outcome: encodeOutcome(end.outcome) }),
    ...(isChannelError(end.error) ? { code: end.error.code } : {}),
  };
}

export interface JsonGrant {
  readonly id: string;
  readonly ops: readonly GrantOp[];
  readonly channels?: readonly string[];
  readonly expiresat: string;
  readonly createdat: string;
  readonly createdby: string;
}

export function encodeGrant(grant: GrantView): JsonGrant {
  const { id, ops, channels, expiresAt, createdAt, createdBy } = grant;
  return {
    id,
    ops,
    ...(channels === undefined ? {} : { channels }),
    expiresat: encodeTime(expiresAt),
    createdat: encodeTime(createdAt),
    createdby: createdBy,
  };
}

/** Where a reader stands, and where the channel does: equal when it has everything. */
export interface JsonHeartbeat {
  readonly cursor: string;
  readonly last: number;
}

export function encodeHeartbeat({ cursor, last }: { cursor: Cursor; last: number }): JsonHeartbeat {
  return { cursor: encodeCursor(cursor), last };
}

/** RFC 3339 in UTC with milliseconds. */
export function encodeTime(ms: number): string {
  return new Date(ms).toISOString();
}
