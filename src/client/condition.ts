import { createDeferred, type Deferred } from "../core/deferred.ts";

/** Something that may change: whoever waits looks again when it is told. */
export class Condition {
  #next: Deferred<void> | undefined;

  async wait(): Promise<void> {
    this.#next ??= createDeferred();
    await this.#next.promise;
  }

  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }
}
