import { invalidArgument } from "../core/errors.ts";
import { RecentValues } from "./recent-values.ts";

/** What crosses on the way is not older than this many others. */
const endedMax = 10_000;

/** What goes on in a socket under ids that its client chose, and those that have ended. */
export class SocketIds<Item> {
  readonly #items = new Map<number, Item>();
  /** Undefined before the first end: in most sockets little ends. */
  #ended: RecentValues<number, true> | undefined;

  /** Throws `invalid_argument` for one that was used. */
  requireNew(id: number): void {
    if (this.#items.has(id) || this.#ended?.has(id) === true)
      throw invalidArgument("id", "one that was not used in this connection", String(id));
  }

  add(id: number, item: Item): void {
    this.#items.set(id, item);
  }

  /** Undefined for one that has ended. Throws `invalid_argument` for one that never began. */
  get(id: number): Item | undefined {
    const item = this.#items.get(id);
    if (item === undefined && this.#ended?.has(id) !== true)
      throw invalidArgument("id", "one that was begun in this connection", String(id));
    return item;
  }

  end(id: number): void {
    this.#items.delete(id);
    this.#ended ??= new RecentValues(endedMax);
    this.#ended.set(id, true);
  }

  values(): IterableIterator<Item> {
    return this.#items.values();
  }

  clear(): void {
    this.#items.clear();
  }
}
