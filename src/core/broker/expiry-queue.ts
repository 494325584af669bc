import { firstIndex } from "../binary-search.ts";
import type { ClosedProcess, ClosedProcesses } from "../store.ts";

/** Closed processes of a store that one broker has for itself, in memory. May still name one that is gone. */
export class ExpiryQueue implements ClosedProcesses {
  #processes: ClosedProcess[] = [];

  get size(): number {
    return this.#processes.length;
  }

  /** Twice is harmless. */
  add({ id, closedAt }: ClosedProcess): void {
    const process = { id, closedAt };
    const index = this.#indexOf(process);
    // Nearly always the end: processes are added as they close.
    if (!this.#isAt(index, process)) this.#processes.splice(index, 0, process);
  }

  /** Many at once, in any order. */
  addAll(processes: readonly ClosedProcess[]): void {
    const known = this.#processes;
    this.#processes = processes.map(({ id, closedAt }) => ({ id, closedAt })).sort(compare);
    for (const process of known) this.add(process);
  }

  remove(process: ClosedProcess): void {
    const index = this.#indexOf(process);
    if (this.#isAt(index, process)) this.#processes.splice(index, 1);
  }

  /** Takes out the one that closed first, if it closed no later than that. */
  takeFirst(closedUntil = Infinity): ClosedProcess | undefined {
    const [first] = this.#processes;
    return first !== undefined && first.closedAt <= closedUntil
      ? this.#processes.shift()
      : undefined;
  }

  #indexOf(process: ClosedProcess): number {
    const processes = this.#processes;
    return firstIndex(
      processes.length,
      (index) => compare(processes[index] as ClosedProcess, process) >= 0,
    );
  }

  #isAt(index: number, process: ClosedProcess): boolean {
    const found = this.#processes[index];
    return found !== undefined && compare(found, process) === 0;
  }
}

function compare(a: ClosedProcess, b: ClosedProcess): number {
  if (a.closedAt !== b.closedAt) return a.closedAt - b.closedAt;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
