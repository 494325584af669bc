import type { StoreDirectory } from "../../src/stores/segment-log/store-directory.ts";
import { DiskCalls } from "./disk-calls.ts";
import type { DiskFault, DiskOperationKind } from "./disk-operation.ts";
import type { SeededScheduler } from "./seeded-scheduler.ts";
import { SimulatedDirectory } from "./simulated-directory.ts";
import { SimulatedVolume } from "./simulated-volume.ts";

interface PlannedFault {
  readonly kind: DiskOperationKind | "any";
  readonly fault: DiskFault;
  callsBefore: number;
}

/**
 * A disk with one directory that does what a real one may do at its worst: calls take effect in any order, what
 * was not synced survives a power loss in any part, and a failed sync is never made good by a later one.
 */
export class SimulatedDisk {
  readonly #scheduler: SeededScheduler;
  readonly #volume: SimulatedVolume;
  #calls: DiskCalls;
  #faults: PlannedFault[] = [];
  #faultCount = 0;
  readonly #callCounts = new Map<DiskOperationKind | "any", number>();

  constructor(random: (below: number) => number, scheduler: SeededScheduler) {
    this.#scheduler = scheduler;
    this.#volume = new SimulatedVolume(random);
    this.#calls = this.#startProgram();
  }

  /** The directory as the program has it that runs now, until that is killed. */
  openDirectory(): StoreDirectory {
    return new SimulatedDirectory(this.#volume, this.#calls);
  }

  /** Ends the program as SIGKILL does: what it has written stays readable, its handles are gone. */
  kill(): void {
    this.#calls.kill();
    this.#volume.endLife();
    this.#faults = [];
    this.#calls = this.#startProgram();
  }

  /** Ends program and machine: only what was synced is sure to be there. */
  losePower(): void {
    this.kill();
    this.#volume.losePower();
  }

  /** Lets the nth next call fail, or for `short` take only a part of what it is to write. */
  planFault(
    fault: DiskFault,
    { kind = "any", nth = 1 }: { readonly kind?: DiskOperationKind | "any"; readonly nth?: number },
  ): void {
    this.#faults.push({ kind, fault, callsBefore: nth - 1 });
  }

  /** Bytes that all files may take, in whole sectors; each takes one sector for itself. */
  set capacityBytes(bytes: number) {
    this.#volume.capacityBytes = bytes;
  }

  get usedBytes(): number {
    return this.#volume.usedBytes;
  }

  /** A bit turns over in one of the files with this end of their name, if there is one. */
  rot(end: string): void {
    const names = this.#volume.names.list().filter((name) => name.endsWith(end));
    const name = names[this.#volume.random(names.length || 1)];
    if (name !== undefined) this.#volume.names.get(name)?.rot();
  }

  get isSyncing(): boolean {
    return this.#calls.isSyncing;
  }

  /** Planned faults that have come true, and calls that found no room. */
  get faultCount(): number {
    return this.#faultCount + this.#volume.refusalCount;
  }

  /** How often it was called, by all programs so far. */
  callCount(kind: DiskOperationKind | "any" = "any"): number {
    return this.#callCounts.get(kind) ?? 0;
  }

  /** What a file reads as, or undefined without one. */
  contentsOf(name: string): Uint8Array | undefined {
    return this.#volume.names.get(name)?.contents.slice();
  }

  #startProgram(): DiskCalls {
    return new DiskCalls(this.#scheduler, { count: (kind) => this.#count(kind) });
  }

  #count(kind: DiskOperationKind): DiskFault | undefined {
    for (const count of [kind, "any"] as const)
      this.#callCounts.set(count, this.callCount(count) + 1);
    const matching = this.#faults.filter((fault) => fault.kind === kind || fault.kind === "any");
    const due = matching.find(({ callsBefore }) => callsBefore === 0);
    for (const fault of matching) fault.callsBefore--;
    if (due === undefined) return undefined;
    this.#faults = this.#faults.filter(({ callsBefore }) => callsBefore >= 0);
    this.#faultCount++;
    return due.fault;
  }
}
