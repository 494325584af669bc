/** Something under way that goes on when it is picked. */
export interface Task {
  /** Goes on by one step. True when that was the last one. */
  step(): boolean;
  /** Whether it may only go on after `earlier`, which was submitted before it. */
  mustFollow?(earlier: Task): boolean;
}

/** Decides by a seed which of all the tasks under way goes on next, as a kernel and its threads would. */
export class SeededScheduler {
  readonly #random: (below: number) => number;
  readonly #tasks: Task[] = [];
  #stepCount = 0;

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  get stepCount(): number {
    return this.#stepCount;
  }

  get isIdle(): boolean {
    return this.#tasks.length === 0;
  }

  submit(task: Task): void {
    this.#tasks.push(task);
  }

  withdraw(task: Task): void {
    const index = this.#tasks.indexOf(task);
    if (index !== -1) this.#tasks.splice(index, 1);
  }

  withdrawAll(): void {
    this.#tasks.length = 0;
  }

  /** A pause of unknown length: others may go on first. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.submit({
        step: () => {
          resolve();
          return true;
        },
      });
    });
  }

  /** Lets one task go on, and then everything that waited for it. */
  async step(): Promise<void> {
    this.#stepCount++;
    let index = this.#random(this.#tasks.length);
    for (let earlier = 0; earlier < index; earlier++) {
      const task = this.#tasks[index] as Task;
      if (task.mustFollow?.(this.#tasks[earlier] as Task) === true) {
        index = earlier;
        break;
      }
    }
    const task = this.#tasks[index];
    if (task?.step() === true) this.withdraw(task);
    await nextTurn();
  }
}

/** Resolves when all promise callbacks have run, and what was set by `setImmediate` so far. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
