import { createDeferred } from "../core/deferred.ts";
import type { StoreRejection, Store } from "../core/store.ts";

type AsyncMethod = Exclude<
  {
    [Key in keyof Store]: Store[Key] extends (...args: never[]) => Promise<unknown> ? Key : never;
  }[keyof Store],
  never
>;

interface Fault {
  readonly call: number;
  readonly when: "before" | "after";
  readonly rejection: StoreRejection;
}

interface Hold {
  readonly call: number;
  readonly reached: () => void;
  readonly released: Promise<void>;
}

/** Methods that answer at once; all others return promises. */
export const synchronousMethods: ReadonlySet<keyof Store> = new Set([
  "keptBytes",
  "follow",
  "followRecords",
  "isCutOff",
  "holdsSweepLease",
  "tellHeard",
  "followHeard",
]);

/** A store in front of another one that fails or waits where a test says. */
export class FaultyStore {
  /** The store to hand out. */
  readonly store: Store;
  readonly #counts = new Map<AsyncMethod, number>();
  readonly #faults = new Map<AsyncMethod, Fault[]>();
  readonly #holds = new Map<AsyncMethod, Hold[]>();

  constructor(inner: Store) {
    this.store = new Proxy(inner, {
      get: (target, name: keyof Store) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (synchronousMethods.has(name)) return method;
        return (...args: unknown[]) =>
          this.#call(name as AsyncMethod, () => method(...args) as Promise<unknown>);
      },
    });
  }

  /** How often a method was called. */
  count(method: AsyncMethod): number {
    return this.#counts.get(method) ?? 0;
  }

  /** Fails the nth next call of a method, before or after it took effect. */
  fail(
    method: AsyncMethod,
    rejection: StoreRejection,
    { nth = 1, when = "before" }: { readonly nth?: number; readonly when?: Fault["when"] } = {},
  ): void {
    const faults = this.#faults.get(method) ?? [];
    this.#faults.set(method, [...faults, { call: this.count(method) + nth, when, rejection }]);
  }

  /** Holds the nth next call before it takes effect. `reached` says that it is waiting. */
  hold(
    method: AsyncMethod,
    { nth = 1 }: { readonly nth?: number } = {},
  ): { readonly reached: Promise<void>; readonly release: () => void } {
    const reached = createDeferred();
    const released = createDeferred();
    const holds = this.#holds.get(method) ?? [];
    this.#holds.set(method, [
      ...holds,
      {
        call: this.count(method) + nth,
        reached: () => reached.resolve(),
        released: released.promise,
      },
    ]);
    return { reached: reached.promise, release: () => released.resolve() };
  }

  async #call(method: AsyncMethod, act: () => Promise<unknown>): Promise<unknown> {
    const call = this.count(method) + 1;
    this.#counts.set(method, call);
    const hold = this.#holds.get(method)?.find((one) => one.call === call);
    if (hold !== undefined) {
      hold.reached();
      await hold.released;
    }
    const fault = this.#faults.get(method)?.find((one) => one.call === call);
    if (fault?.when === "before") throw fault.rejection;
    const result = await act();
    if (fault !== undefined) throw fault.rejection;
    return result;
  }
}
