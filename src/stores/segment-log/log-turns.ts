import { KeyedQueue } from "./keyed-queue.ts";
import type { Turn } from "./keyed-queue.ts";
import type { LogSeries } from "./series.ts";

/** Stands in the queue for a write that is under way without having been in it. */
const taken: Turn = { begin: () => true };

/**
 * One write of a log at a time: it is judged by the state that the one before has left. Most logs have one
 * writer, which waits for its answer: such a write only marks the log as busy. The queue is for those who come
 * meanwhile, and for names that no log has yet.
 */
export class LogTurns {
  readonly #queue = new KeyedQueue();

  /** Takes the turn, where nobody has it or waits for it. Whoever took it leaves. */
  take(log: LogSeries): boolean {
    if (log.isBusy || this.#queue.has(log.name)) return false;
    log.isBusy = true;
    return true;
  }

  /** Begins the write when all that came before it for this name has left, which may be now. */
  enter(name: string, log: LogSeries | undefined, turn: Turn): void {
    this.#queueUp(name, log);
    this.#queue.enter(name, turn);
  }

  /** The write that had the turn is done: the next one begins. */
  leave(name: string, log: LogSeries | undefined): void {
    if (log !== undefined) log.isBusy = false;
    // Where nobody has come since it took its turn, nobody is in the queue.
    if (this.#queue.has(name)) this.#queue.leave(name);
  }

  /** Runs work in its turn, until its promise settles. */
  run<Result>(
    name: string,
    log: LogSeries | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    this.#queueUp(name, log);
    return this.#queue.run(name, work);
  }

  /** Until nobody is in the queue: a write that never was may still be under way. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  #queueUp(name: string, log: LogSeries | undefined): void {
    if (log?.isBusy === true && !this.#queue.has(name)) this.#queue.enter(name, taken);
  }
}
