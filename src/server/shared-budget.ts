import { ChannelError } from "../core/errors.ts";

const retryAfterMs = 1_000;

/** Something that all clients share, and of which no single address gets all. */
export class SharedBudget {
  readonly #limit: string;
  readonly #total: number;
  readonly #perAddress: number;
  readonly #taken = new Map<string, number>();
  #sum = 0;

  /** `limit` names it in refusals. */
  constructor(limit: string, { total, perAddress }: { total: number; perAddress: number }) {
    this.#limit = limit;
    this.#total = total;
    this.#perAddress = perAddress;
  }

  /**
   * Returns what gives it back, once. One that is larger than the whole is taken when nothing else is.
   * Errors: `too_many_requests`, `overloaded`.
   */
  take(address: string, amount = 1): () => void {
    const taken = this.#taken.get(address) ?? 0;
    if (taken > 0 && taken + amount > this.#perAddress)
      throw new ChannelError("too_many_requests", { limit: this.#limit, retryAfterMs });
    if (this.#sum > 0 && this.#sum + amount > this.#total)
      throw new ChannelError("overloaded", { retryAfterMs });
    this.#add(address, amount);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(address, -amount);
      isTaken = false;
    };
  }

  #add(address: string, amount: number): void {
    this.#sum += amount;
    const taken = (this.#taken.get(address) ?? 0) + amount;
    if (taken > 0) this.#taken.set(address, taken);
    else this.#taken.delete(address);
  }
}
