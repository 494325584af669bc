import type { SimulatedFile } from "./simulated-file.ts";

type Names = Map<string, SimulatedFile>;

/** Names that change in one step; a name without a file is gone. */
export type NameChange = readonly (readonly [name: string, file: SimulatedFile | undefined])[];

/** The names in a directory: as the system has them, as the platter has them, and the changes in between. */
export class SimulatedNames {
  readonly #random: (below: number) => number;
  #names: Names = new Map();
  readonly #platter: Names = new Map();
  /** Changes that no sync has begun to write. */
  #changes: NameChange[] = [];
  /** Changes that syncs under way are writing. */
  readonly #syncs = new Set<readonly NameChange[]>();

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

  beginSync(): readonly NameChange[] {
    const sync = this.#changes;
    this.#changes = [];
    this.#syncs.add(sync);
    return sync;
  }

  finishSync(sync: readonly NameChange[]): void {
    this.#syncs.delete(sync);
    for (const change of sync) apply(this.#platter, change);
  }

  /** Any of the changes got through; a later sync knows nothing of the others. */
  failSync(sync: readonly NameChange[]): void {
    this.#syncs.delete(sync);
    this.#applySome(sync);
  }

  /** Syncs under way end with the program; what they were to write is still to be written. */
  endLife(): void {
    this.#changes = [...[...this.#syncs].flat(), ...this.#changes];
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

  #applySome(changes: readonly NameChange[]): void {
    for (const change of changes) if (this.#random(2) === 0) apply(this.#platter, change);
  }
}

function apply(names: Names, change: NameChange): void {
  for (const [name, file] of change) {
    if (file === undefined) names.delete(name);
    else names.set(name, file);
  }
}
