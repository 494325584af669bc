import type { ChannelError } from "../errors.ts";
import type { MsgEntry } from "../entry.ts";
import type {
  CancelRequest,
  ChannelSpec,
  Outcome,
  ProcessState,
  ResolvedChannelSpec,
} from "../process-record.ts";
import type { Revision } from "../store.ts";

/** What a submitter declares. */
export interface ProcessSpec {
  /** Left out: a random one. */
  readonly id?: string;
  /** Name for people; need not be unique. */
  readonly label?: string;
  /** Left out: the caller. Anyone else needs admin. */
  readonly submitterId?: string;
  /** Given: the process starts `running` with this executor. */
  readonly executorId?: string;
  /** Identities that may take the executor's role themselves while the process waits. */
  readonly executors?: readonly string[];
  readonly channels: readonly ChannelSpec[];
  /** Lease of an executor named at once, in milliseconds. */
  readonly leaseMs?: number;
}

/** A process as its readers see it. Times are wall time in milliseconds since 1970. */
export interface ProcessView {
  readonly id: string;
  readonly label: string;
  readonly submitterId: string;
  readonly executorId: string;
  readonly executors: readonly string[];
  readonly channels: readonly ResolvedChannelSpec[];
  readonly state: ProcessState;
  readonly epoch: string;
  /** Term of the last assign: what the executor's appends may carry. */
  readonly term: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly closedAt?: number;
  readonly expiresAt?: number;
  readonly cancelRequest?: CancelRequest;
  readonly outcome?: Outcome;
  readonly leaseMs?: number;
  readonly lastPositions?: Readonly<Record<string, number>>;
  readonly revision: Revision;
}

export interface Cursor {
  readonly epoch: string;
  readonly position: number;
}

/** A bare number is a position of the current epoch; `last` n starts n entries before the end. */
export type StartAt = Cursor | number | "start" | "now" | { readonly last: number };

export interface ChannelView {
  readonly spec: ResolvedChannelSpec;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly keptBytes: number;
  readonly outcome?: Outcome;
}

export interface AppendedEntry {
  readonly position: number;
  readonly sequence: number;
  /** It was there already; nothing was added. */
  readonly duplicate: boolean;
  /** Whether a duplicate's content could be compared with what is stored; true for new entries. */
  readonly compared: boolean;
}

export interface AppendAck {
  readonly entries: readonly AppendedEntry[];
  /** After the last of these entries. */
  readonly cursor: Cursor;
}

/** `trimmed`: the oldest entries went. `epoch`: the cursor is of another epoch. `ahead`: beyond the end. */
export type GapReason = "trimmed" | "epoch" | "ahead" | "damaged";

/** Stands in the place of history that is gone; the stream goes on after `cursor`. */
export interface Gap {
  readonly reason: GapReason;
  /** First position that is still kept. */
  readonly first: number;
  readonly cursor: Cursor;
}

/**
 * Why a subscription ended. `closed`: the process ended, all was delivered. `shutdown`: come back.
 * `revoked`: the right to read is gone. `failed`: see the error.
 */
export type EndReason = "closed" | "deleted" | "revoked" | "shutdown" | "failed";

export type SubscriptionItem =
  | { readonly kind: "entries"; readonly entries: readonly MsgEntry[]; readonly cursor: Cursor }
  | ({ readonly kind: "gap" } & Gap)
  | {
      readonly kind: "end";
      readonly reason: EndReason;
      readonly outcome?: Outcome;
      readonly error?: ChannelError;
      readonly cursor: Cursor;
    };

export interface ReadResult {
  readonly gap?: Gap;
  readonly entries: readonly MsgEntry[];
  /** Where to read on. */
  readonly cursor: Cursor;
  /** Last position of the channel when this was read. */
  readonly last: number;
  /** Set once nothing follows: the process is closed and all was read. */
  readonly outcome?: Outcome;
}

/** What a broker holds in memory, against the limits of the same names. */
export interface MemoryUse {
  /** Those that are in use or not settled. */
  readonly processes: number;
  readonly channels: number;
  readonly stagedBytes: number;
  readonly windowBytes: number;
  readonly pageBytes: number;
}

/** A refusal, for the audit log. Never holds a token or a payload. */
export interface AuditEvent {
  readonly identity: string;
  readonly action: string;
  readonly processId?: string;
  readonly channel?: string;
  readonly code: string;
  /** For people; may quote what was asked for. */
  readonly reason: string;
}
