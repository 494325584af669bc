import { createDeferred } from "../../core/deferred.ts";
import type { Deferred } from "../../core/deferred.ts";

/** Work that waits for its turn. */
export interface Turn {
  /** Must not throw. True where it goes on, and leaves the queue later; false where it is done. */
  begin(): boolean;
}

/** Of a key for which nobody waits; shared and never changed, since most are such. */
const nobody: Turn[] = [];

/** One piece of work at a time for each key, in the order in which it came; work of different keys at once. */
export class KeyedQueue {
  /** Of each key that is being worked for: who waits for it. */
  readonly #waiting = new Map<string, Turn[]>();
  #idle: Deferred<void> | undefined;

  /** Whether anything is being done for the key. */
  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Begins the work when all that came before it for this key has left, which may be now. */
  enter(key: string, turn: Turn): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, nobody);
      if (!turn.begin()) this.leave(key);
    } else if (waiting === nobody) this.#waiting.set(key, [turn]);
    else waiting.push(turn);
  }

  /** The work that has begun for the key is done: the next one begins. */
  leave(key: string): void {
    for (;;) {
      const waiting = this.#waiting.get(key);
      const next = waiting === nobody ? undefined : waiting?.shift();
      if (next === undefined) break;
      if (next.begin()) return;
    }
    this.#waiting.delete(key);
    if (this.#waiting.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Runs work in its turn, until its promise settles. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const begin = (): boolean => {
        this.#perform(key, work).then(resolve, reject);
        return true;
      };
      this.enter(key, { begin });
    });
  }

  async #perform<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } finally {
      this.leave(key);
    }
  }

  /** Until nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await (this.#idle ??= createDeferred()).promise;
  }
}
