import type { LineLayout } from "./line-layout.ts";
import type { TextFeed } from "./text-feed.ts";

/**
 * What is seen of the lines. While they come and go, the first one that is seen stays where it is; whoever
 * follows stays at the end.
 */
export class ScrollPlace {
  readonly #feed: TextFeed;
  /** The line at the top, and how many rows of it are above. */
  #number = 0;
  #rowsAbove = 0;
  #generation = 0;
  #seenRows = 50;
  #firstIndex = 0;
  #endIndex = 0;
  /** As it was set here: an event that tells of it is nobody's wish. */
  #setTop = -1;
  #layoutCount = 0;

  constructor(feed: TextFeed) {
    this.#feed = feed;
  }

  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** Index of the first line below what is seen. */
  get endIndex(): number {
    return this.#endIndex;
  }

  /** In the channel, of what is seen. */
  get position(): number {
    const { isFollowing, last, window } = this.#feed;
    return isFollowing ? last : (window.line(this.#firstIndex)?.position ?? last);
  }

  get firstNumber(): number {
    return this.#number;
  }

  /** Brings a line into view, a little below the top. */
  goTo(number: number): void {
    this.#feed.stopFollowing();
    this.#number = number;
    this.#rowsAbove = -Math.floor(this.#seenRows / 3);
  }

  /** The lines to draw, and the row at which they begin. */
  drawn(layout: LineLayout, marginRows: number): { from: number; to: number; top: number } {
    const first = this.#topRow(layout);
    const from = layout.indexAt(Math.max(0, first - marginRows));
    const to = layout.indexAt(first + this.#seenRows + marginRows) + 1;
    return { from, to, top: layout.rowOf(from) };
  }

  /** After drawing: puts the page where the lines are. */
  settle(element: HTMLElement, layout: LineLayout, rowHeight: number): void {
    this.#seenRows = Math.max(1, element.clientHeight / rowHeight);
    const top = Math.round(this.#topRow(layout) * rowHeight);
    if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top;
    this.#setTop = element.scrollTop;
    this.#look(element.scrollTop / rowHeight, layout);
  }

  /** True where that was a wish of the person. */
  scrolled(element: HTMLElement, layout: LineLayout, rowHeight: number): boolean {
    const { scrollTop, clientHeight, scrollHeight } = element;
    if (Math.abs(scrollTop - this.#setTop) <= 1 && layout.count === this.#layoutCount) return false;
    const isUp = scrollTop < this.#setTop;
    this.#setTop = scrollTop;
    this.#look(scrollTop / rowHeight, layout);
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - rowHeight / 2;
    if (isUp && !isAtEnd) this.#feed.stopFollowing();
    else if (isAtEnd && this.#feed.isAtEnd) void this.#feed.followEnd();
    return true;
  }

  #topRow(layout: LineLayout): number {
    const last = Math.max(0, layout.rows - this.#seenRows);
    if (this.#feed.isFollowing) return last;
    if (this.#feed.generation !== this.#generation) {
      this.#generation = this.#feed.generation;
      this.#number = 0;
      this.#rowsAbove = 0;
    }
    const index = this.#number - this.#feed.window.firstNumber;
    if (index < 0) return 0;
    return Math.min(last, Math.max(0, layout.rowOf(index) + this.#rowsAbove));
  }

  #look(row: number, layout: LineLayout): void {
    this.#layoutCount = layout.count;
    this.#firstIndex = layout.indexAt(row);
    this.#endIndex = Math.min(layout.count, layout.indexAt(row + this.#seenRows) + 1);
    this.#number = this.#feed.window.firstNumber + this.#firstIndex;
    this.#rowsAbove = row - layout.rowOf(this.#firstIndex);
  }
}
