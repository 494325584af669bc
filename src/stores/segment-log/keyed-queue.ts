import { createDeferred } from "../../core/deferred.ts";
import type { Deferred } from "../../core/deferred.ts";

/**
 * Runs work one at a time for each key, in the order in which it came; work of different keys at once. Work
 * that throws is rejected.
 */
export class KeyedQueue {
  readonly #running = new Map<string, Promise<unknown>>();
  #idle: Deferred<void> | undefined;

  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#running.get(key);
    const result = before === undefined ? begin(work) : before.then(work, work);
    this.#running.set(key, result);
    const settle = (): void => {
      if (this.#running.get(key) === result) this.#running.delete(key);
      if (this.#running.size === 0) this.#idle?.resolve();
    };
    result.then(settle, settle);
    return result;
  }

  /** Until nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await (this.#idle = createDeferred()).promise;
  }
}

/** No promise around the work's own: what waits for an append would come three turns of microtasks later. */
function begin<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error("threw", { cause: error }));
  }
}
