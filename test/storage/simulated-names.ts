import type { SimulatedFile } from "./simulated-file.ts";

type Names = Map<string, SimulatedFile>;

/** Names that change in one step; a name without a file is gone. */
export type NameChange = readonly (readonly [name: string, file: SimulatedFile | undefined])[];

/** A sync of the names, from its beginning to its end. */
export interface NameSync {
  /** What it has still to write. */
  readonly changes: Set<NameChange>;
  /** Another sync has failed that was writing some of the same. */
  hasFailed: boolean;
}

/** The names in a directory: as the system has them, as the platter has them, and the changes in between. */
export class SimulatedNames {
  readonly #random: (below: number) => number;
  #names: Names = new Map();
  readonly #platter: Names = new Map();
  /** Changes that no sync has begun to write. */
  #changes: NameChange[] = [];
  readonly #syncs = new Set<NameSync>();

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  get(name: string): SimulatedFile | undefined {
    return this.#names.get(name);
  }

  list(): string[] {
    return [...this.#names.keys()];
  }

  files(): Iterable<SimulatedFile> {
    return this.#names.values();
  }

  change(change: NameChange): void {
    apply(this.#names, change);
    this.#changes.push(change);
  }

  /** It waits for what other syncs are writing as well. */
  beginSync(): NameSync {
    const sync = { changes: new Set(this.#unsynced()), hasFailed: false };
    this.#changes = [];
    this.#syncs.add(sync);
    return sync;
  }

  /** False where it fails with another one. */
  finishSync(sync: NameSync): boolean {
    if (sync.hasFailed) {
      this.failSync(sync);
      return false;
    }
    this.#end(sync);
    for (const change of sync.changes) apply(this.#platter, change);
    return true;
  }

  /** Any of the changes got through; a later sync knows nothing of the others. */
  failSync(sync: NameSync): void {
    this.#end(sync, true);
    this.#applySome(sync.changes);
  }

  /** Syncs under way end with the program; what they were to write is still to be written. */
  endLife(): void {
    this.#changes = this.#unsynced();
    this.#syncs.clear();
  }

  /** The machine stops: each change that was not synced got through or not, but none by half. */
  losePower(): void {
    this.endLife();
    // A journal keeps the order of changes; a file system without one keeps any of them.
    if (this.#random(2) === 0)
      for (const change of this.#changes.slice(0, this.#random(this.#changes.length + 1)))
        apply(this.#platter, change);
    else this.#applySome(this.#changes);
    this.#changes = [];
    this.#names = new Map(this.#platter);
  }

  #unsynced(): NameChange[] {
    const underWay = [...this.#syncs].flatMap(({ changes }) => [...changes]);
    return [...new Set([...underWay, ...this.#changes])];
  }

  /** What it has written, or lost, is none of the others' business any more. */
  #end(sync: NameSync, hasFailed = false): void {
    this.#syncs.delete(sync);
    for (const other of this.#syncs)
      for (const change of sync.changes)
        if (other.changes.delete(change)) other.hasFailed ||= hasFailed;
  }

  #applySome(changes: Iterable<NameChange>): void {
    for (const change of changes) if (this.#random(2) === 0) apply(this.#platter, change);
  }
}

function apply(names: Names, change: NameChange): void {
  for (const [name, file] of change) {
    if (file === undefined) names.delete(name);
    else names.set(name, file);
  }
}
