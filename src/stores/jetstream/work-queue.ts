/** Things to be done, a few at a time. What is added twice before its turn is done once. */
export class WorkQueue<Item> {
  readonly #workersMax: number;
  readonly #work: (item: Item) => Promise<void>;
  readonly #items = new Set<Item>();
  #workerCount = 0;

  /** `work` must not reject. */
  constructor(workersMax: number, work: (item: Item) => Promise<void>) {
    this.#workersMax = workersMax;
    this.#work = work;
  }

  add(item: Item): void {
    this.#items.add(item);
    if (this.#workerCount < this.#workersMax) void this.#run();
  }

  clear(): void {
    this.#items.clear();
  }

  async #run(): Promise<void> {
    this.#workerCount++;
    for (const item of this.#items) {
      this.#items.delete(item);
      await this.#work(item);
    }
    this.#workerCount--;
  }
}
