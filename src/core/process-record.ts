/** What happens to an append that would exceed the channel's limits: refused, or the oldest entries go. */
export type WhenFull = "refuse" | "trim";

/** Who may append to a channel. */
export type Writers = "both" | "submitter" | "executor";

/** A channel as a job declares it; limits left out take the broker's defaults. */
export interface ChannelSpec {
  readonly name: string;
  readonly maxLogEntries?: number;
  /** Counted by `entryBytes`. */
  readonly maxLogBytes?: number;
  readonly whenFull?: WhenFull;
  readonly writers?: Writers;
}

export type ResolvedChannelSpec = Required<ChannelSpec>;

/** Characters of an epoch, each a letter or digit. */
export const epochLength = 12;

export type ProcessState = "waiting" | "running" | "closed";

/** Characters of a failure's text; at least one. */
export const outcomeErrorLengthMax = 4096;

/** How a process ended. Exit code and signal are those of a program, where it was one. */
export type Outcome = (
  | { readonly status: "success" }
  | { readonly status: "failed"; readonly error: string }
  | { readonly status: "cancelled" }
) & { readonly exitCode?: number; readonly signal?: string };

export interface CancelRequest {
  /** Identity that asked. */
  readonly by: string;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
}

/** What a grant's holder may do; reading is a right of its own. */
export type GrantOp = "read" | "append" | "cancel";

/** Wider access than submitter and executor have, held by whoever knows the secret. */
export interface Grant {
  readonly id: string;
  /** Hash of the secret; the secret itself is never stored. */
  readonly secretHash: string;
  /** Names of channels, or undefined for all. */
  readonly channels?: readonly string[];
  readonly ops: readonly GrantOp[];
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly createdBy: string;
}

/**
 * A change of authority that is recorded but not yet in every channel's log. Whoever meets it older than
 * `unsettledAgeMs` finishes it: all its steps can be repeated.
 */
export interface Settling {
  readonly kind: "fence" | "seal" | "tombstone";
  readonly since: number;
}

/**
 * Everything a store keeps about a process besides its logs. Immutable: a change is a new record.
 * Times are wall time in milliseconds since 1970.
 */
export interface ProcessRecord {
  readonly id: string;
  /** Id of this process in its store, from creation to delete, never used again. */
  readonly life: string;
  /** Says which cursors are valid. */
  readonly epoch: string;
  /** Rises with every change of authority. */
  readonly term: number;
  /** Term of the last assign: what an executor's appends may carry. */
  readonly assignTerm: number;
  /** Name given by people, not unique, or "". */
  readonly label: string;
  readonly submitterId: string;
  /** "" while nobody has the role. */
  readonly executorId: string;
  /** Identities that may assign themselves while the process waits. */
  readonly executors: readonly string[];
  readonly channels: readonly ResolvedChannelSpec[];
  readonly state: ProcessState;
  readonly settling?: Settling;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly closedAt?: number;
  readonly cancelRequest?: CancelRequest;
  readonly outcome?: Outcome;
  /** Lease of the executor in milliseconds; without one the broker's silence limit holds. */
  readonly leaseMs?: number;
  /** Last position of each channel, once closed. */
  readonly lastPositions?: Readonly<Record<string, number>>;
  readonly grants: readonly Grant[];
  /** Who had the role at creation, so that a repeated create can be told from another one. */
  readonly firstExecutorId: string;
}
