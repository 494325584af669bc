import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Jobwire } from "../../client/index.ts";
import { addRate, rateBetween, type Rate, type Reading } from "./rate.ts";

export const rateSpanMs = 60_000;
const intervalMs = 2_000;
/** Before a job is asked about again; less than the interval, as timers are not exact. */
const restMs = intervalMs * 0.9;
/** Requests at once: a list that fills a large screen is no burst to the server. */
const requestsMax = 4;
/** Of jobs that were seen; the longest unseen are forgotten first. */
const jobsMax = 200;

interface WatchedJob {
  readonly rates: Signal<readonly Rate[]>;
  reading: Reading | undefined;
  isAsked: boolean;
  /** When it is asked about again, by the monotonic clock. */
  dueAtMs: number;
}

/** How fast jobs write: asked of those only that are on the screen, and only while somebody looks. */
export class RateWatch {
  readonly #wire: Jobwire;
  readonly #jobs = new Map<string, WatchedJob>();
  #visible: readonly string[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(wire: Jobwire) {
    this.#wire = wire;
  }

  ratesOf(processId: string): ReadonlySignal<readonly Rate[]> {
    return this.#jobOf(processId).rates;
  }

  /** From now on these are asked about. */
  show(processIds: readonly string[]): void {
    const isNew = processIds.some((id) => !this.#visible.includes(id));
    this.#visible = processIds;
    if (processIds.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#ask(), intervalMs);
    if (isNew) this.#ask();
  }

  #ask(): void {
    if (document.visibilityState !== "visible") return;
    const asked = [...this.#jobs.values()].filter(({ isAsked }) => isAsked).length;
    const waiting = this.#visible
      .map((id) => ({ id, job: this.#jobOf(id) }))
      .filter(({ job }) => !job.isAsked && performance.now() >= job.dueAtMs)
      // Those that have waited longest come first: with slow answers all get their turn.
      .sort((a, b) => a.job.dueAtMs - b.job.dueAtMs);
    for (const { id, job } of waiting.slice(0, requestsMax - asked)) void this.#read(id, job);
  }

  async #read(id: string, job: WatchedJob): Promise<void> {
    job.isAsked = true;
    try {
      const channels = await this.#wire.process(id).channels();
      const reading = { atMs: performance.now(), channels };
      if (job.reading !== undefined)
        job.rates.value = addRate(job.rates.value, rateBetween(job.reading, reading), rateSpanMs);
      job.reading = reading;
    } catch {
      // Deleted, or the server is away: the list itself tells. A gap in the curve is what is known.
      job.reading = undefined;
    } finally {
      job.isAsked = false;
      job.dueAtMs = performance.now() + restMs;
      this.#ask();
    }
  }

  #jobOf(id: string): WatchedJob {
    const known = this.#jobs.get(id);
    const job = known ?? { rates: signal([]), reading: undefined, isAsked: false, dueAtMs: 0 };
    if (known !== undefined) this.#jobs.delete(id);
    this.#jobs.set(id, job);
    if (this.#jobs.size > jobsMax) {
      const unseen = [...this.#jobs.keys()].find((other) => !this.#visible.includes(other));
      if (unseen !== undefined && unseen !== id) this.#jobs.delete(unseen);
    }
    return job;
  }
}
