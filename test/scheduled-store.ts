import type { Store } from "../src/core/store.ts";
import { synchronousMethods } from "../src/testing/faulty-store.ts";

/** A store in front of another one that begins and answers each call when `turn` says so. */
export class ScheduledStore {
  /** The store to hand out. */
  readonly store: Store;
  /** The most that ever followed one channel at the same time, through this store. */
  followersMax = 0;
  /** Appends that expected another head. */
  conflicts = 0;
  readonly #followers = new Map<string, number>();

  constructor(inner: Store, turn: (call: string) => Promise<unknown>) {
    this.store = new Proxy(inner, {
      get: (target, name: keyof Store) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (name === "follow") return this.#follow(target);
        if (synchronousMethods.has(name)) return method;
        return async (...args: unknown[]) => {
          await turn(`${name} begins`);
          try {
            return await method(...args);
          } catch (error) {
            if (name === "append") this.conflicts++;
            throw error;
          } finally {
            await turn(`${name} answers`);
          }
        };
      },
    });
  }

  /** Channels that are followed now. */
  get followed(): number {
    return this.#followers.size;
  }

  #follow(inner: Store): Store["follow"] {
    return (key, listener) => {
      const name = `${key.life} ${key.channel}`;
      const count = (this.#followers.get(name) ?? 0) + 1;
      this.#followers.set(name, count);
      this.followersMax = Math.max(this.followersMax, count);
      const unfollow = inner.follow(key, listener);
      return () => {
        unfollow();
        const left = (this.#followers.get(name) ?? 0) - 1;
        if (left > 0) this.#followers.set(name, left);
        else this.#followers.delete(name);
      };
    };
  }
}
