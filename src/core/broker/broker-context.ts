import type { BrokerLimits } from "../limits.ts";
import type { Store } from "../store.ts";
import type { System } from "../system.ts";
import { FreshLooks } from "./fresh-looks.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { OpenChannels } from "./open-channels.ts";
import { UnclosedProcesses } from "./unclosed-processes.ts";

/** What all processes of one broker share. */
export interface BrokerContext {
  readonly store: Store;
  readonly limits: BrokerLimits;
  readonly system: System;
  /** Bytes of entries, over all channels, that wait for the store. */
  readonly budget: { stagedBytes: number };
  /** Of committed entries in memory. */
  readonly windows: MemoryBudget;
  /** Of pages read from the store. */
  readonly pages: MemoryBudget;
  readonly channels: OpenChannels;
  readonly unclosed: UnclosedProcesses;
  readonly looks: FreshLooks;
  reportError(error: unknown, stage: string): void;
  storeFailed(error: unknown): void;
}

/** A context with nothing in memory yet. */
export function createBrokerContext(
  parts: Pick<BrokerContext, "store" | "limits" | "system" | "reportError" | "storeFailed">,
): BrokerContext {
  const { limits, system, store } = parts;
  return {
    ...parts,
    budget: { stagedBytes: 0 },
    windows: new MemoryBudget(limits.windowBytesMax),
    pages: new MemoryBudget(limits.pageBytesMax),
    channels: new OpenChannels(limits, system.clock),
    looks: new FreshLooks(system.clock),
    unclosed: new UnclosedProcesses(limits, system.clock, (processId, assignTerm) =>
      store.tellHeard?.(processId, assignTerm),
    ),
  };
}
