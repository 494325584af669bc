import type { StoreDirectory, StoreFile } from "../../src/stores/segment-log/store-directory.ts";
import type { DiskCalls } from "./disk-calls.ts";
import { changing, looking, SystemError } from "./disk-operation.ts";
import type { DiskArea } from "./disk-operation.ts";
import { SimulatedHandle } from "./simulated-handle.ts";
import type { NameSync } from "./simulated-names.ts";
import type { SimulatedVolume } from "./simulated-volume.ts";

/** The directory of a simulated disk, as one program has it. */
export class SimulatedDirectory implements StoreDirectory {
  readonly #volume: SimulatedVolume;
  readonly #calls: DiskCalls;

  constructor(volume: SimulatedVolume, calls: DiskCalls) {
    this.#volume = volume;
    this.#calls = calls;
  }

  list(): Promise<readonly string[]> {
    return this.#calls.submit("list", "", {
      ...looking(() => this.#volume.names.list()),
      areas: [],
    });
  }

  create(name: string): Promise<StoreFile> {
    const perform = (): StoreFile =>
      new SimulatedHandle(this.#volume, this.#calls, name, this.#volume.create(name));
    // Whoever is interrupted gets no handle, but the name may be there.
    const { interrupt } = changing(this.#volume.random, () => this.#volume.create(name));
    return this.#calls.submit("create", name, { perform, interrupt, areas: this.#areas(name) });
  }

  open(name: string): Promise<StoreFile> {
    const effect = looking(() => {
      const file = this.#volume.require("open", name);
      return new SimulatedHandle(this.#volume, this.#calls, name, file);
    });
    return this.#calls.submit("open", name, { ...effect, areas: this.#areas(name) });
  }

  rename(from: string, to: string): Promise<void> {
    const effect = changing(this.#volume.random, () => this.#volume.rename(from, to));
    return this.#calls.submit("rename", from, { ...effect, areas: this.#areas(from, to) });
  }

  remove(name: string): Promise<void> {
    const effect = changing(this.#volume.random, () => this.#volume.remove(name));
    return this.#calls.submit("remove", name, { ...effect, areas: this.#areas(name) });
  }

  sync(): Promise<void> {
    const { names } = this.#volume;
    let sync: NameSync;
    return this.#calls.submit("syncDirectory", "", {
      begin: () => {
        sync = names.beginSync();
      },
      perform: () => {
        if (!names.finishSync(sync)) throw new SystemError("EIO", "syncDirectory", "");
      },
      interrupt: () => names.failSync(sync),
      kill: () => {
        if (this.#volume.random(2) === 0) names.finishSync(sync);
      },
      areas: [],
    });
  }

  #areas(...names: string[]): readonly DiskArea[] {
    return names.map((name) => ({ of: this.#volume.names, from: name, to: `${name}\0` }));
  }
}
