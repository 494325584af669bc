/**
 * @typedef {object} Watched in milliseconds
 * @property {number[]} tasks for so long the page did not pause: those above 50 ms
 * @property {number[]} answers from a click or a key to the picture that shows its effect: those from 16 ms on
 */

/** Watches a page from its beginning. @param {import("playwright-core").Page} page */
export async function watchPage(page) {
  await page.addInitScript(() => {
    /** @type {Watched} */
    const watched = { tasks: [], answers: [] };
    Object.assign(globalThis, { watched });
    const { PerformanceObserver } = globalThis;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) watched.tasks.push(duration);
    }).observe({ type: "longtask", buffered: true });
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of /** @type {any[]} */ (list.getEntries()))
        if (interactionId > 0) watched.answers.push(duration);
    }).observe(/** @type {any} */ ({ type: "event", durationThreshold: 16, buffered: true }));
  });
}

/**
 * What there was since the last time.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<Watched>}
 */
export async function takeWatched(page) {
  return await page.evaluate(() => {
    const { watched } = /** @type {{ watched: Watched }} */ (/** @type {unknown} */ (globalThis));
    return { tasks: watched.tasks.splice(0), answers: watched.answers.splice(0) };
  });
}

/** What a page takes of the machine. */
export class PageUse {
  #session;

  /** @param {import("playwright-core").CDPSession} session */
  constructor(session) {
    this.#session = session;
  }

  /** @param {import("playwright-core").Page} page */
  static async of(page) {
    const session = await page.context().newCDPSession(page);
    // Of the thread that runs its scripts, however many others want the processor.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    return new PageUse(session);
  }

  /** Processor time so far, in milliseconds. */
  async busyMs() {
    const { metrics } = await this.#session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
  }

  /** Bytes of objects and of what is beside them, such as buffers. */
  async memory() {
    const usage = await this.#session.send("Runtime.getHeapUsage");
    const { usedSize, backingStorageSize = 0 } =
      /** @type {{ usedSize: number, backingStorageSize?: number }} */ (usage);
    return usedSize + backingStorageSize;
  }

  /** Without those that nothing refers to. */
  async liveMemory() {
    await this.#session.send("HeapProfiler.collectGarbage");
    return await this.memory();
  }
}
