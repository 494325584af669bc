import type { BrokerLimits } from "../limits.ts";
import type { StoredRecord } from "../store.ts";
import type { ProcessView } from "./views.ts";

/** A process as its readers see it: without life, grants and what is being settled. */
export function createProcessView(
  { record, revision }: StoredRecord,
  { closedProcessAgeMs }: BrokerLimits,
): ProcessView {
  const { closedAt } = record;
  return {
    id: record.id,
    label: record.label,
    submitterId: record.submitterId,
    executorId: record.executorId,
    executors: record.executors,
    channels: record.channels,
    state: record.state,
    epoch: record.epoch,
    term: record.assignTerm,
    createdAt: record.createdAt,
    ...(record.startedAt === undefined ? {} : { startedAt: record.startedAt }),
    ...(closedAt === undefined ? {} : { closedAt }),
    ...(closedAt === undefined || closedProcessAgeMs === Infinity
      ? {}
      : { expiresAt: closedAt + closedProcessAgeMs }),
    ...(record.cancelRequest === undefined ? {} : { cancelRequest: record.cancelRequest }),
    // An outcome is told once it is settled: it is then in every log as well.
    ...(record.outcome === undefined || record.state !== "closed"
      ? {}
      : { outcome: record.outcome }),
    ...(record.leaseMs === undefined ? {} : { leaseMs: record.leaseMs }),
    ...(record.lastPositions === undefined ? {} : { lastPositions: record.lastPositions }),
    revision,
  };
}
