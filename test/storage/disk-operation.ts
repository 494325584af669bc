import { createDeferred } from "../../src/core/deferred.ts";
import type { Task } from "./seeded-scheduler.ts";

export type DiskOperationKind =
  | "list"
  | "create"
  | "open"
  | "rename"
  | "remove"
  | "syncDirectory"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "size"
  | "close";

/** What an operation looks at or changes: a name, or a range of a file. */
export interface DiskArea {
  readonly of: object;
  readonly from: number | string;
  readonly to: number | string;
}

/** What a call does to the disk, and what it may do where it does not come to its end. */
export interface DiskEffect<Value> {
  readonly areas: readonly DiskArea[];
  /** Done first, in a step of its own: other operations may come between this and `perform`. */
  readonly begin?: () => void;
  readonly perform: () => Value;
  /** It failed, or the program was killed in the middle of it: nothing, a part or all of it was done. */
  readonly interrupt: () => void;
  /** Where a kill leaves it otherwise than a failure does. */
  readonly kill?: () => void;
  /** For a write: does a part of it, and says how much. */
  readonly shorten?: () => Value;
}

/** The effect of a call that changes nothing. */
export function looking<Value>(perform: () => Value): Omit<DiskEffect<Value>, "areas"> {
  return { perform, interrupt: () => undefined };
}

/** The effect of a call that changes something in one step. */
export function changing<Value>(
  random: (below: number) => number,
  perform: () => Value,
): Omit<DiskEffect<Value>, "areas"> {
  const interrupt = (): void => {
    if (random(2) === 0) return;
    try {
      perform();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  };
  return { perform, interrupt };
}

/** `short`: a write takes only a part; any other call fails with EIO. */
export type DiskFault = "EIO" | "ENOSPC" | "short";

export class SystemError extends Error {
  readonly code: string;

  constructor(code: string, kind: DiskOperationKind, name: string) {
    super(`${code}: ${kind} '${name}'`);
    this.name = "SystemError";
    this.code = code;
  }
}

/** One call to the disk, from its submission to its answer. */
export class DiskOperation<Value> implements Task {
  readonly kind: DiskOperationKind;
  readonly name: string;
  readonly #effect: DiskEffect<Value>;
  readonly #fault: DiskFault | undefined;
  readonly #onEnd: () => void;
  readonly #answer = createDeferred<Value>();
  #hasBegun = false;

  constructor(
    kind: DiskOperationKind,
    name: string,
    effect: DiskEffect<Value>,
    { fault, onEnd }: { readonly fault: DiskFault | undefined; readonly onEnd: () => void },
  ) {
    this.kind = kind;
    this.name = name;
    this.#effect = effect;
    this.#fault = fault;
    this.#onEnd = onEnd;
  }

  get answer(): Promise<Value> {
    return this.#answer.promise;
  }

  mustFollow(earlier: Task): boolean {
    return (
      earlier instanceof DiskOperation &&
      this.#effect.areas.some((mine) =>
        (earlier as DiskOperation<unknown>).#effect.areas.some((its) => doOverlap(mine, its)),
      )
    );
  }

  step(): boolean {
    if (!this.#hasBegun && this.#effect.begin !== undefined) {
      this.#hasBegun = true;
      this.#effect.begin();
      return false;
    }
    this.#onEnd();
    try {
      this.#answer.resolve(this.#finish());
    } catch (error) {
      this.#answer.reject(error);
    }
    return true;
  }

  /** The program was killed: the call may have got anywhere, and nobody hears of it. */
  kill(): void {
    const { begin, interrupt, kill = interrupt } = this.#effect;
    if (begin === undefined || this.#hasBegun) kill();
    this.#answer.promise.catch(() => undefined);
    this.#answer.reject(new SystemError("EBADF", this.kind, this.name));
  }

  #finish(): Value {
    if (this.#fault === undefined) return this.#effect.perform();
    if (this.#fault === "short" && this.#effect.shorten !== undefined)
      return this.#effect.shorten();
    this.#effect.interrupt();
    throw new SystemError(this.#fault === "short" ? "EIO" : this.#fault, this.kind, this.name);
  }
}

function doOverlap(a: DiskArea, b: DiskArea): boolean {
  return a.of === b.of && a.from < b.to && b.from < a.to;
}
