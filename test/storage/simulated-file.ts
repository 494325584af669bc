/** What a disk writes in one piece. */
export const sectorBytes = 512;

type SeededRandom = (below: number) => number;

const isAllocated = 1;
/** Written since it was last synced. */
const isDirty = 2;
/** A sync of it failed: the cache has what the platter has not, and no later sync will write it. */
const isLost = 4;

/** What one sync promises: the sectors and the size as they were when it began. */
export interface SyncUnderWay {
  readonly sectors: Set<number>;
  /** Sectors that were written again meanwhile, as they were. */
  readonly earlier: Map<number, Uint8Array>;
  readonly size: number;
}

/** One file: what the page cache has of it, and what is on the platter. */
export class SimulatedFile {
  readonly #random: SeededRandom;
  #cache = new Uint8Array(4 * sectorBytes);
  #platter = new Uint8Array(4 * sectorBytes);
  #states = new Uint8Array(4);
  #size = 0;
  #platterSize = 0;
  #allocatedSectors = 0;
  readonly #syncs = new Set<SyncUnderWay>();
  /** Open handles; the space of a removed file comes back when the last one is closed. */
  handleCount = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  get allocatedBytes(): number {
    return this.#allocatedSectors * sectorBytes;
  }

  /** Contents as a reader sees them now. */
  get contents(): Uint8Array {
    return this.#cache.subarray(0, this.#size);
  }

  /** Bytes that a write of this range would have to find room for. */
  bytesToAllocate(from: number, to: number): number {
    let sectors = 0;
    for (const sector of sectorsOf(from, to))
      if (((this.#states[sector] ?? 0) & isAllocated) === 0) sectors++;
    return sectors * sectorBytes;
  }

  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.byteLength, this.#size - position));
    into.set(this.#cache.subarray(position, position + count));
    return count;
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.byteLength;
    this.#makeRoom(end);
    for (const sector of sectorsOf(position, end)) this.#touch(sector, isAllocated);
    this.#cache.set(bytes, position);
    if (bytes.byteLength > 0) this.#size = Math.max(this.#size, end);
  }

  /** One bit turns over by itself, and no byte of zeros: most of those are room that nobody reads. */
  rot(): void {
    for (let tries = 0; tries < 100; tries++) {
      const position = this.#random(this.#size);
      const byte = this.#cache[position] ?? 0;
      if (byte === 0) continue;
      this.#cache[position] = this.#platter[position] = byte ^ (1 << this.#random(8));
      return;
    }
  }

  truncate(length: number): void {
    this.#makeRoom(length);
    for (const sector of sectorsOf(length, this.#size)) {
      this.#touch(sector, 0);
      if (sector * sectorBytes >= length) this.#free(sector);
    }
    if (length < this.#size) this.#cache.fill(0, length, this.#size);
    this.#size = length;
  }

  beginSync(): SyncUnderWay {
    const sectors = new Set(this.#sectorsThat(isDirty));
    const sync = { sectors, earlier: new Map<number, Uint8Array>(), size: this.#size };
    this.#syncs.add(sync);
    return sync;
  }

  finishSync(sync: SyncUnderWay): void {
    this.#syncs.delete(sync);
    for (const sector of sync.sectors) this.#persist(sector, sync.earlier.get(sector));
    this.#platterSize = sync.size;
  }

  /** Any part of it got through, and all of it counts as written from now on. */
  failSync(sync: SyncUnderWay): void {
    this.#syncs.delete(sync);
    for (const sector of sync.sectors) {
      if (this.#random(2) === 0) this.#persist(sector, sync.earlier.get(sector));
      else if (!sync.earlier.has(sector)) this.#setState(sector, isDirty, isLost);
    }
    if (this.#random(2) === 0) this.#platterSize = sync.size;
  }

  /** The program ended: pages that count as written may be dropped, and then read as the platter has them. */
  endLife(): void {
    this.handleCount = 0;
    this.#syncs.clear();
    if (this.#random(2) === 0) return;
    for (const sector of this.#sectorsThat(isLost)) {
      this.#cache.set(sectorIn(this.#platter, sector), sector * sectorBytes);
      this.#cache.fill(0, this.#size);
      this.#setState(sector, isLost, 0);
    }
  }

  /** The machine stops: of what was not synced, each sector and the size get through or not. */
  losePower(): void {
    this.endLife();
    const likelihood = [0, 1, 2, 4][this.#random(4)] as number;
    for (const sector of this.#sectorsThat(isDirty))
      if (this.#random(4) < likelihood) this.#persist(sector, undefined);
    const [low, high] = [this.#size, this.#platterSize].sort((a, b) => a - b) as [number, number];
    const ends = [this.#platterSize, this.#size, low + this.#random(high - low + 1)];
    this.#size = this.#platterSize = ends[this.#random(3)] as number;
    this.#makeRoom(this.#size);
    this.#platter.fill(0, this.#size);
    this.#cache.set(this.#platter);
    this.#states.forEach((_, sector) => {
      this.#setState(sector, isDirty | isLost, 0);
      if (sector * sectorBytes >= this.#size) this.#free(sector);
    });
  }

  #touch(sector: number, state: number): void {
    for (const { sectors, earlier } of this.#syncs)
      if (sectors.has(sector) && !earlier.has(sector))
        earlier.set(sector, sectorIn(this.#cache, sector).slice());
    // The system writes back what is dirty whenever it likes, so also a version that is overwritten later.
    if (((this.#states[sector] ?? 0) & isDirty) !== 0 && this.#random(4) === 0)
      this.#platter.set(sectorIn(this.#cache, sector), sector * sectorBytes);
    if ((state & isAllocated) !== 0 && ((this.#states[sector] ?? 0) & isAllocated) === 0)
      this.#allocatedSectors++;
    this.#setState(sector, isLost, isDirty | state);
  }

  #free(sector: number): void {
    if (((this.#states[sector] ?? 0) & isAllocated) !== 0) this.#allocatedSectors--;
    this.#setState(sector, isAllocated, 0);
  }

  #persist(sector: number, earlier: Uint8Array | undefined): void {
    this.#platter.set(earlier ?? sectorIn(this.#cache, sector), sector * sectorBytes);
    if (earlier === undefined) this.#setState(sector, isDirty, 0);
  }

  #setState(sector: number, remove: number, add: number): void {
    this.#states[sector] = ((this.#states[sector] ?? 0) & ~remove) | add;
  }

  #sectorsThat(state: number): number[] {
    const sectors: number[] = [];
    this.#states.forEach((value, sector) => {
      if ((value & state) !== 0) sectors.push(sector);
    });
    return sectors;
  }

  #makeRoom(bytes: number): void {
    const sectors = Math.ceil(bytes / sectorBytes);
    if (sectors <= this.#states.length) return;
    const length = Math.max(sectors, this.#states.length * 2);
    this.#cache = lengthen(this.#cache, length * sectorBytes);
    this.#platter = lengthen(this.#platter, length * sectorBytes);
    this.#states = lengthen(this.#states, length);
  }
}

function sectorIn(bytes: Uint8Array, sector: number): Uint8Array {
  return bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
}

function lengthen(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

/** Sectors that the bytes `from` up to, and without, `to` touch. */
function* sectorsOf(from: number, to: number): Generator<number> {
  if (to <= from) return;
  for (let s = Math.floor(from / sectorBytes); s * sectorBytes < to; s++) yield s;
}
