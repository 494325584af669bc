import { ChannelError } from "../errors.ts";
import type { Outcome, ProcessRecord, Settling } from "../process-record.ts";
import { toChannelError } from "./store-error.ts";
import type { OpenChannel } from "./open-channel.ts";
import type { OpenProcess } from "./open-process.ts";
import type { ProcessRegistry } from "./process-registry.ts";

/**
 * Changes of authority. Record and logs cannot change in one step on every store, so: first the record,
 * which stops those who hear of it; then a batch in every log, which stops those who do not; then the
 * record says that it is settled; then the answer. Each step may be repeated, and whoever meets an
 * unsettled record finishes it.
 */
export class Settlement {
  readonly #registry: ProcessRegistry;

  constructor(registry: ProcessRegistry) {
    this.#registry = registry;
  }

  /** Gives the executor's role to an identity, under a new term. Errors: `process_closed`. */
  assign(process: OpenProcess, executorId: string, leaseMs: number | undefined): Promise<void> {
    return process.exclusively(async () => {
      await this.#finish(process);
      await this.#registry.update(process, (record) => {
        requireOpenRecord(record);
        const now = process.now();
        return {
          ...withLease(record, leaseMs),
          executorId,
          state: "running",
          term: record.term + 1,
          assignTerm: record.term + 1,
          startedAt: record.startedAt ?? now,
          // The first executor replaces nobody: there is nobody to fence.
          ...(record.executorId === "" ? {} : { settling: { kind: "fence", since: now } }),
        };
      });
      await this.#finish(process);
    });
  }

  /** Errors: `process_closed` with the first outcome's process if it ended otherwise. */
  close(process: OpenProcess, outcome: Outcome): Promise<void> {
    return process.exclusively(async () => {
      await this.#finish(process);
      await this.#registry.update(process, (record) => {
        if (record.outcome !== undefined) {
          if (isSameOutcome(record.outcome, outcome)) return undefined;
          throw new ChannelError("process_closed", { processId: record.id });
        }
        return {
          ...record,
          outcome,
          term: record.term + 1,
          settling: { kind: "seal", since: process.now() },
        };
      });
      await this.#finish(process);
    });
  }

  /** Takes a grant away; one that may append is fenced like an executor. Errors: `grant_not_found`. */
  revoke(process: OpenProcess, grantId: string): Promise<void> {
    return process.exclusively(async () => {
      await this.#finish(process);
      await this.#registry.update(process, (record) => {
        const { id: processId, outcome, term } = record;
        const grant = record.grants.find(({ id }) => id === grantId);
        if (grant === undefined) throw new ChannelError("grant_not_found", { processId, grantId });
        const without = { ...record, grants: record.grants.filter(({ id }) => id !== grantId) };
        if (!grant.ops.includes("append") || outcome !== undefined) return without;
        const settling = { kind: "fence", since: process.now() } as const;
        return { ...without, term: term + 1, settling };
      });
      await this.#finish(process);
    });
  }

  delete(process: OpenProcess): Promise<void> {
    return process.exclusively(async () => {
      await this.#registry.beginRemoval(process, (record) => ({
        ...record,
        term: record.term + 1,
        settling: { kind: "tombstone", since: process.now() },
      }));
      await this.#finish(process);
    });
  }

  /** Finishes what was begun here or elsewhere, if anything. */
  finish(process: OpenProcess): Promise<void> {
    return process.exclusively(() => this.#finish(process));
  }

  async #finish(process: OpenProcess): Promise<void> {
    const { settling, term } = process.record;
    if (settling === undefined) return;
    try {
      await process.useAllChannels((channels) =>
        this.#mark(process, channels, { kind: settling.kind, term }),
      );
    } catch (error) {
      // Whoever else found the deletion has finished it.
      if (settling.kind === "tombstone" && process.isForgotten) return;
      throw toChannelError(error);
    }
  }

  async #mark(
    process: OpenProcess,
    channels: readonly OpenChannel[],
    { kind, term }: { readonly kind: Settling["kind"]; readonly term: number },
  ): Promise<void> {
    await Promise.all(channels.map((channel) => channel.mark(kind)));
    if (kind === "tombstone") {
      await Promise.all(channels.map((channel) => process.store.removeLog(channel.key)));
      await this.#registry.remove(process);
      return;
    }
    const lastPositions = Object.fromEntries(
      channels.map((channel) => [channel.spec.name, channel.head.last]),
    );
    await this.#registry.update(process, (record) =>
      // Another change that was begun meanwhile is not in every log yet.
      record.term === term ? settled(record, process.now(), lastPositions) : undefined,
    );
  }
}

function settled(
  { settling, ...record }: ProcessRecord,
  now: number,
  lastPositions: Readonly<Record<string, number>>,
): ProcessRecord | undefined {
  if (settling === undefined) return undefined;
  if (settling.kind !== "seal") return record;
  return { ...record, state: "closed", closedAt: now, lastPositions };
}

function withLease(
  { leaseMs: _replaced, ...record }: ProcessRecord,
  leaseMs: number | undefined,
): ProcessRecord {
  return leaseMs === undefined ? record : { ...record, leaseMs };
}

function requireOpenRecord({ id, outcome }: ProcessRecord): void {
  if (outcome !== undefined) throw new ChannelError("process_closed", { processId: id });
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  const error = (outcome: Outcome): string => (outcome.status === "failed" ? outcome.error : "");
  return (
    a.status === b.status &&
    error(a) === error(b) &&
    a.exitCode === b.exitCode &&
    a.signal === b.signal
  );
}
