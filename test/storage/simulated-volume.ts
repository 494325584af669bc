import { SystemError } from "./disk-operation.ts";
import type { DiskOperationKind } from "./disk-operation.ts";
import { sectorBytes, SimulatedFile } from "./simulated-file.ts";
import { SimulatedNames } from "./simulated-names.ts";

/** The files of a disk, what they are called, and the room that they have. */
export class SimulatedVolume {
  readonly random: (below: number) => number;
  readonly names: SimulatedNames;
  /** Files that have lost their name and are still open: their room is taken. */
  readonly #nameless = new Set<SimulatedFile>();
  /** Bytes that all files may take, in whole sectors; each takes one sector for itself. */
  capacityBytes = Infinity;
  /** Calls that found no room. */
  refusalCount = 0;

  constructor(random: (below: number) => number) {
    this.random = random;
    this.names = new SimulatedNames(random);
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const file of new Set([...this.names.files(), ...this.#nameless]))
      bytes += file.allocatedBytes + sectorBytes;
    return bytes;
  }

  require(kind: DiskOperationKind, name: string): SimulatedFile {
    const file = this.names.get(name);
    if (file === undefined) throw new SystemError("ENOENT", kind, name);
    return file;
  }

  create(name: string): SimulatedFile {
    if (this.names.get(name) !== undefined) throw new SystemError("EEXIST", "create", name);
    if (this.#roomBytes() < sectorBytes) throw this.#refuse("create", name);
    const file = new SimulatedFile(this.random);
    this.names.change([[name, file]]);
    return file;
  }

  rename(from: string, to: string): void {
    const file = this.require("rename", from);
    if (from === to) return;
    this.#keepNameless(this.names.get(to));
    this.names.change([
      [from, undefined],
      [to, file],
    ]);
  }

  remove(name: string): void {
    this.#keepNameless(this.require("remove", name));
    this.names.change([[name, undefined]]);
  }

  /** Writes as much as there is room for, and returns how much that is. */
  write(name: string, file: SimulatedFile, bytes: Uint8Array, position: number): number {
    let end = position + bytes.byteLength;
    const roomBytes = this.#roomBytes();
    while (end > position && file.bytesToAllocate(position, end) > roomBytes)
      end = Math.max(position, Math.ceil(end / sectorBytes - 1) * sectorBytes);
    if (end < position + bytes.byteLength) this.refusalCount++;
    if (end === position && bytes.byteLength > 0) throw this.#refuse("write", name);
    file.write(bytes.subarray(0, end - position), position);
    return end - position;
  }

  closeHandle(file: SimulatedFile): void {
    file.handleCount--;
    if (file.handleCount === 0) this.#nameless.delete(file);
  }

  endLife(): void {
    for (const file of [...this.names.files(), ...this.#nameless]) file.endLife();
    this.names.endLife();
    this.#nameless.clear();
  }

  losePower(): void {
    this.names.losePower();
    for (const file of new Set(this.names.files())) file.losePower();
  }

  #keepNameless(file: SimulatedFile | undefined): void {
    if (file !== undefined && file.handleCount > 0) this.#nameless.add(file);
  }

  #roomBytes(): number {
    return this.capacityBytes - this.usedBytes;
  }

  #refuse(kind: DiskOperationKind, name: string): SystemError {
    this.refusalCount++;
    return new SystemError("ENOSPC", kind, name);
  }
}
