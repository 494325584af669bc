import { entryOverheadBytes } from "../entry.ts";
import { defaultBrokerLimits, memoryClosedProcessAgeMs } from "../limits.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Store } from "../store.ts";
import { errorTextLengthMax } from "./entry-input.ts";

/** Nothing is admitted that the store could not take: callers are told of the limit before anything is staged. */
export function resolveBrokerLimits(limits: Partial<BrokerLimits>, store: Store): BrokerLimits {
  const closedProcessAgeMs = store.manifest.durable
    ? defaultBrokerLimits.closedProcessAgeMs
    : memoryClosedProcessAgeMs;
  const given = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== undefined),
  );
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaultBrokerLimits)) throw new TypeError(`unknown limit of Broker: ${name}`);
    if (typeof value === "number" && !(value >= 0))
      throw new RangeError(`${name} must be at least 0, got ${value}`);
  }
  const resolved = { ...defaultBrokerLimits, closedProcessAgeMs, ...given };
  const { batchBytesMax } = store.manifest;
  const payloadBytesMax = Math.max(0, batchBytesMax - entryOverheadBytes - errorTextLengthMax);
  return {
    ...resolved,
    batchBytesMax: Math.min(resolved.batchBytesMax, batchBytesMax),
    payloadBytesMax: Math.min(resolved.payloadBytesMax, payloadBytesMax),
  };
}
