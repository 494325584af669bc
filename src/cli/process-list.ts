import type { ProcessView } from "../core/broker/views.ts";
import type { Api } from "./api.ts";

// Beyond it a list is for programs that page through it themselves.
const listedProcessesMax = 10_000;
const pageProcesses = 200;

/** All that the caller may see, page by page, up to a bound. */
export async function listProcesses(
  api: Api,
  filter: { readonly label?: string } = {},
): Promise<ProcessView[]> {
  const processes: ProcessView[] = [];
  let after: string | undefined;
  do {
    const place = after === undefined ? {} : { after };
    const page = await api.ask((wire) =>
      wire.listProcesses({ ...filter, ...place, limit: pageProcesses }),
    );
    processes.push(...page.processes);
    after = page.next;
  } while (after !== undefined && processes.length < listedProcessesMax);
  return processes;
}

/** The newest first. */
export function sortByAge(processes: readonly ProcessView[]): ProcessView[] {
  return processes.toSorted((a, b) => b.createdAt - a.createdAt);
}

export function newestOf(processes: readonly ProcessView[]): ProcessView | undefined {
  return processes.reduce<ProcessView | undefined>(
    (newest, process) =>
      newest === undefined || process.createdAt >= newest.createdAt ? process : newest,
    undefined,
  );
}
