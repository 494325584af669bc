import {
  inspectJetStreamStore,
  openJetStreamStore,
  type JetStreamReport,
  type JetStreamStore,
} from "../../stores/jetstream/index.ts";
import { durabilityWarnings } from "./durability.ts";
import type { NatsTarget } from "./nats-configuration.ts";
import { explainNatsFailure } from "./nats-failure.ts";
import { locateStore } from "./nats-target.ts";

/** A full stream takes nothing any more: the rest is for closing and deleting, by which it gets room again. */
const partForEntries = 0.95;

export interface OpenNatsStore {
  readonly store: JetStreamStore;
  /** Bytes of its streams at which no more entries are taken. */
  readonly limitBytes: number;
  readonly warnings: readonly string[];
}

/** Throws `CommandError` for one that is not there or cannot be used. */
export async function openNatsStore(
  target: NatsTarget,
  onError: (error: unknown, context: { readonly stage: string }) => void,
): Promise<OpenNatsStore> {
  try {
    const location = await locateStore(target);
    const report = await inspectJetStreamStore(location, { isThorough: false });
    const warnings = await durabilityWarnings(report, target.monitorUrls);
    const store = await openJetStreamStore({ ...location, onError });
    return { store, limitBytes: limitOf(report), warnings };
  } catch (error) {
    throw explainNatsFailure(error, target);
  }
}

function limitOf({ streams }: JetStreamReport): number {
  if (streams.some(({ bytesMax }) => bytesMax < 0)) return Infinity;
  return Math.floor(streams.reduce((sum, { bytesMax }) => sum + bytesMax, 0) * partForEntries);
}
