import { invalidArgument } from "../errors.ts";
import type { ProcessRecord, ProcessState } from "../process-record.ts";
import type { StoredRecord } from "../store.ts";
import { refusalOf } from "./authority.ts";
import type { Caller } from "./caller.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { ProcessRegistry } from "./process-registry.ts";
import { createProcessView } from "./process-view.ts";
import { ProcessWatch } from "./process-watch.ts";
import { toChannelError } from "./store-error.ts";
import type { ProcessView } from "./views.ts";

export interface ListOptions {
  readonly after?: string;
  readonly limit?: number;
  readonly state?: ProcessState;
  readonly label?: string;
}

export interface ProcessPage {
  readonly processes: readonly ProcessView[];
  /** `after` of the following page; absent on the last one. */
  readonly next?: string;
}

const pageMax = 500;
const pageDefault = 100;
/** A caller who may see little does not make the whole store be read for one page. */
const readsPerPage = 10;

export async function listProcesses(
  context: BrokerContext,
  caller: Caller,
  options: ListOptions,
): Promise<ProcessPage> {
  const { limit = pageDefault, state, label } = options;
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= pageMax)) {
    throw invalidArgument("limit", `an integer from 1 to ${pageMax}`, String(limit));
  }
  const processes: ProcessView[] = [];
  let after = options.after ?? "";
  for (let reads = 0; reads < readsPerPage; reads++) {
    const page = await readPage(context, after);
    for (const stored of page) {
      const { record } = stored;
      after = record.id;
      if (!maySee(context, caller, record)) continue;
      if (state !== undefined && record.state !== state) continue;
      if (label !== undefined && record.label !== label) continue;
      processes.push(createProcessView(stored, context.limits));
      if (processes.length === limit) return { processes, next: after };
    }
    if (page.length < pageMax) return { processes };
  }
  return { processes, next: after };
}

async function readPage({ store }: BrokerContext, after: string): Promise<readonly StoredRecord[]> {
  try {
    return await store.listRecords({ after, limit: pageMax });
  } catch (error) {
    throw toChannelError(error);
  }
}

function maySee({ system }: BrokerContext, caller: Caller, record: ProcessRecord): boolean {
  if (record.settling?.kind === "tombstone") return false;
  return refusalOf("get", caller, record, { now: system.clock.now() }) === undefined;
}

/** What the caller may see now, then what changes of it; of one process if its id is given. */
export async function watchProcesses(
  context: BrokerContext,
  registry: ProcessRegistry,
  caller: Caller,
  processId: string | undefined,
): Promise<ProcessWatch> {
  const shown = new Set<string>();
  const scan = registry.scan();
  const show = (stored: StoredRecord): void => {
    // What changed before the listing came to it was told by then.
    if (!shown.has(stored.record.id)) tell(stored.record.id, stored);
  };
  const watch = new ProcessWatch(processId === undefined ? () => scan.readPage(show) : undefined);
  const tell = (id: string, stored: StoredRecord | undefined): void => {
    if (processId !== undefined && id !== processId) return;
    if (stored !== undefined && maySee(context, caller, stored.record)) {
      shown.add(id);
      watch.push(id, { process: createProcessView(stored, context.limits) });
    } else if (shown.delete(id)) {
      const isGone = stored?.record.settling?.kind === "tombstone" || stored === undefined;
      // Who watches one process by a right of its own has nothing left to wait for.
      if (!isGone && (processId !== undefined || caller.grant !== undefined)) watch.revoke();
      else watch.push(id, { deleted: id });
    }
  };
  // Listen first: what changes while the list is read is told after it.
  watch.onClose(registry.listen(tell));
  try {
    if (processId === undefined) await watch.readMore();
    else await registry.use(processId, show);
  } catch (error) {
    watch.close();
    throw toChannelError(error);
  }
  return watch;
}
