import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ConsoleJob, linesOf } from "./console-job.ts";
import { type ConsoleWorld, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

const lines = 1_000_000;
const log = (page: Page) => page.getByRole("log", { name: "Text of stdout" });
const numbersOf = async (page: Page) =>
  (await linesOf(page)).map((text) => Number(/^line (\d+)$/.exec(text)?.[1]));
const isOneAfterTheOther = (numbers: readonly number[]) =>
  numbers.length > 0 && numbers.every((n, index) => n === numbers[0]! + index);
const memory = (page: Page) =>
  page.evaluate(() => (performance as unknown as Heap).memory.usedJSHeapSize / 2 ** 20);

interface Heap {
  readonly memory: { readonly usedJSHeapSize: number };
}

describe("a log of a million lines", () => {
  it("is followed, found in and scrolled from end to end, in bounded memory", async () => {
    await using job = await ConsoleJob.start(world, "million");
    await job.printLines(1, lines, 500);
    const page = await job.open("/stdout");
    await page.getByText(`line ${lines}`, { exact: true }).waitFor();
    await job.print(`line ${lines + 1}\n`);
    await page.getByText(`line ${lines + 1}`, { exact: true }).waitFor();

    // Back through the history, as with a wheel that does not stop.
    await log(page).hover();
    // More than the window holds, and than is drawn of it.
    let lowest = lines;
    while (lowest > lines - 50_000) {
      await page.mouse.wheel(0, -40_000);
      await expect.poll(() => numbersOf(page).then(isOneAfterTheOther)).toBe(true);
      lowest = Math.min(lowest, (await numbersOf(page))[0]!);
    }
    await job.print(`line ${lines + 2}\n`);
    expect(await page.getByRole("button", { name: "Follow" }).getAttribute("aria-pressed")).toBe(
      "false",
    );

    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("line 1", { exact: true }).waitFor();
    await page.getByLabel("Find in the channel").fill("LINE 1234");
    await page.keyboard.press("Enter");
    await page.locator("mark.text-current").getByText("line 1234").waitFor();
    await takeScreenshot(page, "job-log-find");
    // What is not loaded is searched, and what of it is found is shown in the middle of the lines around it.
    const find = page.getByLabel("Find in the channel");
    for (const [text, keys] of [
      ["line 777777", "Enter"],
      ["line 4321", "Shift+Enter"],
    ] as const) {
      await find.fill(text);
      await find.press(keys);
      const mark = page.locator("mark.text-current").getByText(text);
      await mark.waitFor();
      const found = Number(/\d+/.exec((await mark.locator("xpath=..").textContent()) ?? "")?.[0]);
      await expect.poll(() => numbersOf(page).then(([first]) => first)).toBeLessThan(found);
      expect(await numbersOf(page)).toContain(found);
      expect(isOneAfterTheOther(await numbersOf(page))).toBe(true);
      await mark.waitFor();
    }
    await takeScreenshot(page, "job-log-found");
    await find.fill("line 999999999");
    await find.press("Enter");
    await page.getByRole("progressbar", { name: /Searching/ }).waitFor();
    await takeScreenshot(page, "job-log-search");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("none here").waitFor();
    await find.fill("");
    const slider = page.getByRole("slider", { name: "Place in the channel" });
    await slider.fill("1000");
    await expect.poll(() => numbersOf(page).then((n) => n[0])).toBeGreaterThan(490_000);
    expect(isOneAfterTheOther(await numbersOf(page))).toBe(true);

    await page.getByRole("button", { name: "Follow" }).click();
    await page.getByText(`line ${lines + 2}`, { exact: true }).waitFor();
    expect(await memory(page)).toBeLessThan(120);
    expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(2_000);
    await page.context().close();
  });

  it("leads to what was written at a time", async () => {
    await using job = await ConsoleJob.start(world, "times");
    await job.printLines(1, 200);
    const page = await job.open("/stdout");
    await page.getByText("line 200", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Go to" }).click();
    await page.getByLabel("Time to go to").fill("2001-01-01T00:00:00");
    await page.keyboard.press("Enter");
    await expect.poll(() => numbersOf(page).then((n) => n[0])).toBe(1);
    await page.getByText("line 1", { exact: true }).waitFor();
    await page.context().close();
  });

  it("answers while 50,000 entries come at once", async () => {
    await using job = await ConsoleJob.start(world, "flood");
    await job.printLines(1, 1);
    const page = await job.open("/stdout");
    await page.getByText("line 1", { exact: true }).waitFor();
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: "longtask" });
    });
    const flooding = job.printLines(2, 49_000);
    // In the middle of it, a person does something.
    await page.getByRole("button", { name: "Times" }).click();
    await flooding;
    await page.getByText("line 49000", { exact: true }).waitFor();
    const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
    const longest = Math.max(0, ...tasks);
    console.log(`${tasks.length} tasks above 50 ms, the longest ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(500);
    expect(await memory(page)).toBeLessThan(120);
    await page.context().close();
  });

  it("stays at what is looked at while the job writes on", async () => {
    await using job = await ConsoleJob.start(world, "stays");
    await job.printLines(1, 1_000, 10);
    const page = await job.open("/stdout");
    await page.getByText("line 1000", { exact: true }).waitFor();
    await log(page).hover();
    await page.mouse.wheel(0, -2_000);
    await expect
      .poll(() => page.getByRole("button", { name: "Follow" }).getAttribute("aria-pressed"))
      .toBe("false");
    const before = await log(page).evaluate((element) => element.scrollTop);
    await job.printLines(1_001, 2_000, 10);
    await expect
      .poll(() => log(page).evaluate((element) => element.scrollHeight))
      .toBeGreaterThan(2_000 * 19);
    expect(await log(page).evaluate((element) => element.scrollTop)).toBe(before);

    await log(page).press("End");
    await page.getByText("line 2000", { exact: true }).waitFor();
    await job.printLines(2_001, 2_001);
    await page.getByText("line 2001", { exact: true }).waitFor();
    await page.context().close();
  });
});
