/**
 * Counts those who use something that may leave memory once nobody does. Its owner is told when the first
 * one comes and when the last one goes, in the same turn: what is unused cannot be taken up unnoticed.
 */
export class UseCount {
  readonly #onChange: (isUsed: boolean) => void;
  #count = 0;

  constructor(onChange: (isUsed: boolean) => void) {
    this.#onChange = onChange;
  }

  get isUsed(): boolean {
    return this.#count > 0;
  }

  enter(): void {
    this.#count++;
    if (this.#count === 1) this.#onChange(true);
  }

  /** Once for each `enter`. */
  leave(): void {
    if (this.#count === 0) throw new Error("left more often than entered");
    this.#count--;
    if (this.#count === 0) this.#onChange(false);
  }
}
