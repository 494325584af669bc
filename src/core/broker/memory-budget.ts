/** Something that holds bytes which it can do without. */
export interface BudgetHolder {
  /** Lets go of that many bytes if it can, in this turn, and returns how many they were. */
  shrink(bytes: number): number;
}

/** One limit for the bytes of many holders: beyond it those that were not used for longest shrink. */
export class MemoryBudget {
  readonly #bytesMax: number;
  /** Bytes of each holder, longest unused first; those that hold nothing are not in it. */
  readonly #held = new Map<BudgetHolder, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The holder was used and holds so many bytes now; 0 takes it out. */
  use(holder: BudgetHolder, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    this.#held.delete(holder);
    if (bytes > 0) this.#held.set(holder, bytes);
    if (this.#bytes > this.#bytesMax) this.#shrink();
  }

  #shrink(): void {
    for (const [holder, held] of this.#held) {
      const freed = holder.shrink(this.#bytes - this.#bytesMax);
      this.#bytes -= freed;
      if (freed < held) this.#held.set(holder, held - freed);
      else this.#held.delete(holder);
      if (this.#bytes <= this.#bytesMax) return;
    }
  }
}
