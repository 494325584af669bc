import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { areConsecutive, FloodedConsole } from "../../../bench/console/flooded-console.mjs";
import { takeWatched } from "../../../bench/console/page-watch.mjs";
import { ensureBuilt } from "../../../scripts/ensure-built.mjs";
import { findBrowser } from "../browser-page.ts";

const jobs = 10_000;
const perSecond = 50_000;
/** What a reader is given together: a page has it, and has not shown all of it yet. */
const entriesAtOnceMax = 1_000;

let world: FloodedConsole;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  ensureBuilt();
  world = await FloodedConsole.start({ jobs });
  browser = await chromium.launch({
    executablePath: findBrowser(),
    chromiumSandbox: process.getuid?.() !== 0,
  });
  page = await world.openList(browser);
});
afterAll(async () => {
  await browser.close();
  await world.stop();
});

const longest = (durations: readonly number[]): number => Math.max(0, ...durations);
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
const behindOf = (state: string): number =>
  Number((/^([\d,]+) behind$/.exec(state)?.[1] ?? "0").replaceAll(",", ""));

/** Only what a person would call hanging is beyond the bounds: other machines are slower. */
describe("a page with ten thousand jobs", () => {
  it("has them all without a pause", async () => {
    await page.getByRole("button", { name: "all 10,001" }).waitFor();
    const { tasks } = await takeWatched(page);
    console.log(`list: ${tasks.length} tasks above 50 ms, the longest ${longest(tasks)} ms`);
    expect(longest(tasks)).toBeLessThan(1_000);
  });

  it("follows 50,000 entries a second, answers meanwhile, and keeps its size", async () => {
    await world.openJob(page);
    const flood = await world.flood(page, { perSecond, forMs: 5_000 });
    const { last, seen, tasks, answers, used, live, lateMs, microsecondsPerEntry } = flood;
    console.log(
      `text: ${tasks.length} tasks above 50 ms, the longest ${longest(tasks)} ms; ` +
        `answers within ${longest(answers)} ms; at most ${mebibytes(longest(used))} MiB, ` +
        `${mebibytes(live)} MiB afterwards; the last line ${lateMs.toFixed(0)} ms after its writer knew; ` +
        `${microsecondsPerEntry.toFixed(1)} µs of processor time an entry`,
    );
    expect(last).toBe(5 * perSecond);
    for (const { numbers, state } of seen) {
      expect(areConsecutive(numbers)).toBe(true);
      expect((numbers.at(-1) ?? 0) + behindOf(state)).toBeLessThanOrEqual(last);
    }
    expect(seen.at(-1)).toMatchObject({ state: "Live" });
    expect(seen.at(-1)?.numbers.at(-1)).toBe(last);
    expect(longest(tasks)).toBeLessThan(1_000);
    expect(longest(answers)).toBeLessThan(1_000);
    expect(mebibytes(longest(used))).toBeLessThan(120);
    expect(mebibytes(live)).toBeLessThan(60);
    expect(microsecondsPerEntry).toBeLessThan(100);
  });

  it("says how far it is behind once it wakes up, and catches up", async () => {
    const shown = await page.evaluateHandle(() => {
      const pairs: [line: number, state: string][] = [];
      const state = document.querySelector(".pane-state");
      const look = (): void => {
        const line = [...document.querySelectorAll(".text-row .text-content")].at(-1)?.textContent;
        pairs.push([Number(/^line (\d+) /.exec(line ?? "")?.[1]), state?.textContent ?? ""]);
      };
      if (state !== null)
        new MutationObserver(look).observe(state, { subtree: true, characterData: true });
      return pairs;
    });
    const session = await page.context().newCDPSession(page);
    await session.send("Debugger.enable");
    const paused = new Promise<void>((resolve) => session.once("Debugger.paused", () => resolve()));
    await session.send("Debugger.pause");
    await paused;
    const { last } = await world.write({ perSecond, forMs: 2_000 });
    await session.send("Debugger.resume");
    await page.getByText(`line ${last} `).waitFor();
    await page.locator(".pane-state").getByText("Live").waitFor();
    const pairs = await shown.jsonValue();
    const known = pairs.map(([line, state]) => line + behindOf(state));
    expect(longest(known)).toBeLessThanOrEqual(last);
    const isBehind = ([, state]: [number, string]): boolean => behindOf(state) > entriesAtOnceMax;
    const [line, state] = pairs.findLast(isBehind) ?? [0, ""];
    expect(line + behindOf(state)).toBeGreaterThanOrEqual(last - entriesAtOnceMax);
  });
});
