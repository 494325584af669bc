import { epochLength } from "../../core/process-record.ts";
import { StoreRejection } from "../../core/store.ts";
import type { StoredRecord } from "../../core/store.ts";
import { defaultSystem, pause } from "../../core/system.ts";
import type { JetStreamStore } from "./jetstream-store.ts";
import { JetStreamStoreError } from "./nats-servers.ts";
import type { StoreLocation } from "./nats-servers.ts";
import { openJetStreamStore } from "./store-opening.ts";
import { leaseMs } from "./sweep-lease.ts";

const { clock, randomId } = defaultSystem;
const lookMs = 100;
/** Of one who would renew the lease no more, it is free by then. */
const patienceMs = leaseMs + 10_000;
const recordsPerPage = 1_000;

/**
 * Gives every process that is not closed a new epoch: the cursors of before end with a gap. For streams that
 * were put back to an older copy, in which positions will name other entries than readers have seen. No node
 * may run: throws `JetStreamStoreError` of the kind `busy` where one has or takes the lease; one that starts
 * meanwhile is not noticed. Takes 15 to 25 s. Returns how many processes there are.
 */
export async function reepochJetStreamStore(location: StoreLocation): Promise<number> {
  const store = await openJetStreamStore({ ...location, isPatient: true });
  try {
    await takeLease(store);
    let count = 0;
    for (let after = ""; ;) {
      const page = await store.listRecords({ after, limit: recordsPerPage });
      const last = page.at(-1);
      if (last === undefined) return count;
      for (const stored of page) if (await reepoch(store, stored)) count++;
      after = last.record.id;
    }
  } finally {
    await store.close();
  }
}

async function takeLease(store: JetStreamStore): Promise<void> {
  const until = clock.monotonicMs() + patienceMs;
  while (!store.holdsSweepLease()) {
    if (clock.monotonicMs() >= until)
      throw new JetStreamStoreError("busy", "a server is working on this store");
    await pause(clock, lookMs);
  }
}

async function reepoch(
  store: JetStreamStore,
  { record, revision }: StoredRecord,
): Promise<boolean> {
  if (record.state === "closed") return false;
  try {
    await store.updateRecord({ ...record, epoch: randomId(epochLength) }, revision);
    return true;
  } catch (error) {
    if (!(error instanceof StoreRejection) || error.kind !== "conflict") throw error;
    throw new JetStreamStoreError("busy", `process ${record.id} was changed meanwhile`);
  }
}
