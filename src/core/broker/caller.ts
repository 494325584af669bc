import type { GrantOp } from "../process-record.ts";

/** Who asks, as a door has verified it. */
export interface Caller {
  /** Becomes the sender id of what it appends. */
  readonly identity: string;
  /** May act for others. */
  readonly isAdmin: boolean;
  /** Claims that only take away: what the identity may do is limited to this. */
  readonly narrowed?: {
    readonly processId?: string;
    readonly channels?: readonly string[];
    readonly ops?: readonly GrantOp[];
  };
  /** Set where the identity is a grant's holder: rights come from this grant alone. */
  readonly grant?: { readonly processId: string; readonly grantId: string };
}
