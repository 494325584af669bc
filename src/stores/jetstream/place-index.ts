import { firstIndex } from "../../core/binary-search.ts";

/** Where a batch of a log is in its stream. */
export interface Place {
  /** Position of its first entry. */
  readonly first: number;
  readonly sequence: number;
}

const placesMax = 512;

/** Some of the places of a log, spread over it: a search begins between two of them. */
export class PlaceIndex {
  #places: Place[] = [];

  add(place: Place): void {
    const index = this.#indexAfter(place.first);
    if (this.#places[index - 1]?.first === place.first) return;
    this.#places.splice(index, 0, place);
    // Every other one goes: what is left is as evenly spread as before.
    if (this.#places.length > placesMax) this.#places = this.#places.filter((_, i) => i % 2 === 0);
  }

  /** The last known place that begins at or before a position. */
  before(position: number): Place | undefined {
    return this.#places[this.#indexAfter(position) - 1];
  }

  /** The first known place that begins after a position. */
  after(position: number): Place | undefined {
    return this.#places[this.#indexAfter(position)];
  }

  #indexAfter(position: number): number {
    const places = this.#places;
    return firstIndex(places.length, (index) => (places[index] as Place).first > position);
  }
}
