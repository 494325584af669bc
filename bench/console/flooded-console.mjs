import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PageUse, takeWatched, watchPage } from "./page-watch.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("node:child_process").ChildProcess} ChildProcess */
/** @typedef {{ url: string, viewer: string, worker: string }} Address */

/**
 * @param {string} name of a program of this folder
 * @param {string[]} args
 * @returns {Promise<{ child: ChildProcess, told: any }>} once it has said something
 */
async function start(name, args) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args);
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`${name} exited with ${code}`);
  });
  const [told] = await Promise.race([once(child, "message"), exited]);
  // From here on it is stopped by whoever has started it.
  exited.catch(() => undefined);
  return { child, told };
}

/** A server with many jobs, and a program that writes into the channel of one of them, each a process of its own. */
export class FloodedConsole {
  #server;
  #publisher;
  /** @type {Address} */
  #address;

  /**
   * @param {ChildProcess} server
   * @param {ChildProcess} publisher
   * @param {Address} address
   */
  constructor(server, publisher, address) {
    this.#server = server;
    this.#publisher = publisher;
    this.#address = address;
  }

  /** @param {{ jobs: number }} options */
  static async start({ jobs }) {
    const { child: server, told } = await start("server-program.mjs", [String(jobs)]);
    const args = [told.url, told.worker];
    const { child: publisher } = await start("publisher-program.mjs", args);
    return new FloodedConsole(server, publisher, told);
  }

  /**
   * Signed in, with the list of all jobs.
   * @param {import("playwright-core").Browser} browser
   */
  async openList(browser) {
    const { url, viewer } = this.#address;
    const headers = { authorization: `Bearer ${viewer}` };
    const answer = await fetch(`${url}/v1/sign-in/codes`, { method: "POST", headers });
    const { code } = /** @type {{ code: string }} */ (await answer.json());
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await watchPage(page);
    await page.goto(`${url}/#code=${code}`);
    return page;
  }

  /** The job that is written into. @param {Page} page */
  async openJob(page) {
    await page.evaluate(() => (globalThis.location.hash = "#/p/flood/stdout?view=text"));
    await page.getByRole("log", { name: "Text of stdout" }).waitFor();
  }

  /**
   * Writes at a rate, whatever becomes of it.
   * @param {{ perSecond: number, forMs: number }} options
   * @returns {Promise<{ count: number, last: number, writtenMs: number, settledMs: number }>} once all of it is acknowledged
   */
  async write({ perSecond, forMs }) {
    this.#publisher.send({ perSecond, count: Math.round((perSecond * forMs) / 1000) });
    const [{ result, error }] = await once(this.#publisher, "message");
    if (error !== undefined) throw new Error(`the publisher: ${error}`);
    return result;
  }

  /**
   * Writes at a rate while a person follows the text, clicks and types.
   * @param {Page} page of the job
   * @param {{ perSecond: number, forMs: number }} options
   */
  async flood(page, options) {
    const use = await PageUse.of(page);
    await takeWatched(page);
    let isWriting = true;
    const writing = this.write(options).finally(() => (isWriting = false));
    const beginMs = performance.now();
    const busyMs = await use.busyMs();
    const used = [await use.memory()];
    const seen = [];
    while (isWriting) {
      seen.push(await look(page));
      used.push(await use.memory());
      await act(page);
      // A person does something now and then, and not all the time.
      await Promise.race([writing, delay(200)]);
    }
    const written = await writing;
    const endMs = performance.now();
    await page.getByText(`line ${written.last} `).waitFor();
    const lateMs = performance.now() - endMs;
    await page.locator(".pane-state").getByText("Live").waitFor();
    const { tasks, answers } = await takeWatched(page);
    seen.push(await look(page));
    const takenMs = (await use.busyMs()) - busyMs;
    const busyPart = takenMs / (performance.now() - beginMs);
    const microsecondsPerEntry = (takenMs * 1000) / written.count;
    const live = await use.liveMemory();
    return { ...written, lateMs, busyPart, microsecondsPerEntry, tasks, answers, seen, used, live };
  }

  async stop() {
    for (const child of [this.#publisher, this.#server]) {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    }
  }
}

/** The lines that are drawn, by their numbers, and how far the page says that it is. @param {Page} page */
async function look(page) {
  return await page.evaluate(() => {
    const { document } = globalThis;
    const rows = [...document.querySelectorAll(".text-row .text-content")];
    const numbers = rows.map(({ textContent }) => Number(/^line (\d+) /.exec(textContent)?.[1]));
    const state = document.querySelector(".pane-state")?.textContent ?? "";
    return { numbers, state };
  });
}

/** Each of it changes what is drawn. @param {Page} page */
async function act(page) {
  await page.getByRole("button", { name: "Times" }).click();
  const find = page.getByRole("searchbox");
  await find.focus();
  await page.keyboard.press("7");
  await page.keyboard.press("Backspace");
}

/** Whether lines that stand below each other follow each other. @param {readonly number[]} numbers */
export function areConsecutive(numbers) {
  return numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1);
}
