import type { Viewer } from "./viewers.ts";

/** Whether everybody who is attached types, or one at a time. */
export type KeyboardPolicy = "many" | "one";

/** Who may type where one at a time may: the first who came, until it leaves; then the next. */
export class Keyboard {
  readonly #onChange: (viewer: string | null) => void;
  #holder: Viewer | undefined;

  constructor(onChange: (viewer: string | null) => void) {
    this.#onChange = onChange;
  }

  /** Null for everybody, where nobody is there who could type. */
  get holder(): string | null {
    return this.#holder?.viewer ?? null;
  }

  /** Those who are there now, in the order of arrival. */
  update(viewers: readonly Viewer[]): void {
    const before = this.holder;
    const typists = viewers.filter(({ producer }) => producer !== undefined);
    this.#holder = typists.find(({ viewer }) => viewer === before) ?? typists[0];
    if (this.holder !== before) this.#onChange(this.holder);
  }

  takes(producer: string): boolean {
    return this.#holder === undefined || this.#holder.producer === producer;
  }
}
