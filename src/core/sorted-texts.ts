import { firstIndex } from "./binary-search.ts";

/** Different texts in the order of their UTF-16 units, from which pages can be taken. */
export class SortedTexts {
  #texts: string[] = [];
  #isSorted = true;

  get size(): number {
    return this.#texts.length;
  }

  /** Adds one that is not there yet. Sorted when it is needed: many may be added at once. */
  add(text: string): void {
    const last = this.#texts.at(-1);
    if (last !== undefined && text < last) this.#isSorted = false;
    this.#texts.push(text);
  }

  delete(text: string): void {
    const index = this.#indexOf(text);
    if (this.#texts[index] === text) this.#texts.splice(index, 1);
  }

  /** Those behind a text, which need not be one of them. */
  after(text: string, limit: number): readonly string[] {
    const index = this.#indexOf(text);
    const from = this.#texts[index] === text ? index + 1 : index;
    return this.#texts.slice(from, from + limit);
  }

  /** Of the first one that is not before the text. */
  #indexOf(text: string): number {
    if (!this.#isSorted) this.#texts = this.#texts.sort();
    this.#isSorted = true;
    const texts = this.#texts;
    return firstIndex(texts.length, (index) => (texts[index] as string) >= text);
  }
}
