import { DiskOperation, SystemError } from "./disk-operation.ts";
import type { DiskEffect, DiskFault, DiskOperationKind } from "./disk-operation.ts";
import type { SeededScheduler } from "./seeded-scheduler.ts";

export interface CallCounter {
  /** Counts a call, and says how it is to fail. */
  count(kind: DiskOperationKind): DiskFault | undefined;
}

/** All calls of one program to the disk. Once it was killed it can do nothing more there. */
export class DiskCalls {
  readonly #scheduler: SeededScheduler;
  readonly #counter: CallCounter;
  readonly #underWay = new Set<DiskOperation<never>>();
  #isOver = false;

  constructor(scheduler: SeededScheduler, counter: CallCounter) {
    this.#scheduler = scheduler;
    this.#counter = counter;
  }

  submit<Value>(kind: DiskOperationKind, name: string, effect: DiskEffect<Value>): Promise<Value> {
    if (this.#isOver) return Promise.reject(new SystemError("EBADF", kind, name));
    const operation = new DiskOperation(kind, name, effect, {
      fault: this.#counter.count(kind),
      onEnd: () => this.#underWay.delete(operation as DiskOperation<never>),
    });
    this.#underWay.add(operation as DiskOperation<never>);
    this.#scheduler.submit(operation);
    return operation.answer;
  }

  get isSyncing(): boolean {
    return [...this.#underWay].some(({ kind }) => kind === "sync");
  }

  kill(): void {
    this.#isOver = true;
    for (const operation of this.#underWay) {
      this.#scheduler.withdraw(operation);
      operation.kill();
    }
    this.#underWay.clear();
  }
}
