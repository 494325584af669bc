import type { BrokerLimits } from "../limits.ts";
import type { Store } from "../store.ts";
import type { System } from "../system.ts";
import type { AuditEvent } from "./views.ts";

export interface BrokerOptions {
  readonly store: Store;
  /** Clock and random ids. */
  readonly system?: System;
  readonly limits?: Partial<BrokerLimits>;
  /** Told of every failure that nobody waits for. */
  readonly onError?: (error: unknown, context: { readonly stage: string }) => void;
  /** Told of every refusal for want of authority. */
  readonly onAudit?: (event: AuditEvent) => void;
}
