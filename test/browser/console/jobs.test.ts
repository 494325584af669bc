import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { MemoryStore } from "../../../src/stores/memory/memory-store.ts";
import { ServerWorld, signToken } from "../../server-world.ts";
import {
  type ConsoleWorld,
  consoleDirectory,
  takeScreenshot,
  shareConsole,
} from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));
let page: Page;
beforeAll(async () => {
  page = await world.open();
});

const row = (name: string): Locator => page.getByRole("row").filter({ hasText: name });
const cell = (name: string, text: string): Locator =>
  row(name).getByRole("gridcell").filter({ hasText: text });
const filter = (name: string): Locator => page.getByRole("button", { name });
/** Of the page of a job. */
const title = (name: string): Locator => page.getByRole("heading", { level: 1, name });
/** Of the row that the keys mean. */
const active = (): Promise<string | null> =>
  page.getByRole("grid").getAttribute("aria-activedescendant");

describe("the list of jobs", () => {
  it("shows a job when it starts, when it is asked to stop, and how it ends", async () => {
    await page.getByText("There are no jobs yet").waitFor();
    await world.create({ id: "train-1", label: "train", executorid: "worker" });
    await cell("train", "Running").waitFor();
    expect(await row("train").textContent()).toContain("worker");

    await world.request("/v1/processes/train-1/cancel", {});
    await cell("train", "Stopping").waitFor();
    const outcome = { status: "failed", error: "out of <b>memory</b>", exitcode: 137 };
    await world.close("train-1", outcome);
    await cell("train", "Failed: out of <b>memory</b>").waitFor();

    await world.request("/v1/processes/train-1", {}, "DELETE");
    await page.getByText("There are no jobs yet").waitFor();
  });

  it("shows how fast what runs writes", async () => {
    await world.create({ id: "talks", executorid: "worker" });
    await row("talks").waitFor();
    let isRunning = true;
    const writing = (async () => {
      while (isRunning) {
        await world.append("talks", "x".repeat(1_000));
        await page.evaluate(() => new Promise(requestAnimationFrame));
      }
    })();
    await row("talks")
      .getByText(/^[1-9].*[^B]\/s$/)
      .waitFor();
    await cell("talks", "kB/s").waitFor();
    await row("talks").locator(".jobs-sparkline-line").first().waitFor();
    await takeScreenshot(page, "jobs-rates");
    isRunning = false;
    await writing;
    await world.request("/v1/processes/talks", {}, "DELETE");
  });

  it("is searched and filtered", async () => {
    await world.create({ id: "aa-1", label: "Train the model", executorid: "gpu-7" });
    await world.create({ id: "bb-2", label: "import" });
    await world.create({ id: "cc-3", label: "train again" });
    await world.close("cc-3", { status: "failed", error: "no data" });
    const ids = async (): Promise<(string | null)[]> =>
      await page
        .getByRole("row")
        .locator("a")
        .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    await cell("train again", "Failed").waitFor();
    expect(await ids()).toEqual(["#/p/cc-3", "#/p/bb-2", "#/p/aa-1"]);

    await page.keyboard.press("/");
    await page.keyboard.type("TRAIN");
    await row("import").waitFor({ state: "detached" });
    expect(await ids()).toEqual(["#/p/cc-3", "#/p/aa-1"]);
    await filter("running 1").click();
    await row("train again").waitFor({ state: "detached" });
    expect(await ids()).toEqual(["#/p/aa-1"]);
    await filter("waiting 0").click();
    await page.getByText("No job is like that.").waitFor();
    await page.getByRole("button", { name: "Show all jobs" }).click();
    await row("import").waitFor();
    expect(await ids()).toHaveLength(3);
  });

  it("is gone through by keys, and opens a job by them", async () => {
    await page.getByRole("searchbox").focus();
    await page.keyboard.press("ArrowDown");
    expect(await active()).toBe("job-cc-3");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await active()).toBe("job-aa-1");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    expect(await active()).toBe("job-bb-2");
    await page.keyboard.press("Enter");
    await title("import").waitFor();
    expect(page.url()).toBe(`${world.url}/#/p/bb-2`);
    expect(await page.title()).toBe("bb-2 · Jobwire");

    await page.goBack();
    await page.getByRole("grid").waitFor();
    expect(await active()).toBe("job-bb-2");
  });

  it("is drawn where it is clicked, too", async () => {
    await cell("train again", "Closed").click();
    await title("train again").waitFor();
    await page.getByRole("link", { name: "Jobs" }).click();
    await row("import").waitFor();
  });
});

describe("a server that restarts under the page", () => {
  it("is seen to be away, and the list goes on when it is back", async () => {
    const store = new MemoryStore({ shared: false });
    const before = await ServerWorld.create({ consoleDirectory, store });
    const { port, url } = before;
    const create = async (server: ServerWorld, id: string): Promise<void> => {
      const json = { id, channels: [] };
      await server.request("ada", "POST", "/v1/processes", { json });
    };
    await create(before, "stays");
    const open = await (await world.context()).newPage();
    await open.goto(`${url}/`);
    await open.getByLabel("Or paste that link, or a token").fill(await signToken("ada"));
    await open.keyboard.press("Enter");
    await open.getByRole("link", { name: "stays" }).waitFor();
    const connection = open.locator(".app-connection");
    await connection.getByText("Live").waitFor();

    await before[Symbol.asyncDispose]();
    await connection.getByText("Reconnecting").waitFor();
    await takeScreenshot(open, "jobs-reconnecting");
    await using after = await ServerWorld.create({ consoleDirectory, store, port });
    await create(after, "new-one");
    await open.getByRole("link", { name: "new-one" }).waitFor();
    await connection.getByText("Live").waitFor();
    expect(await open.getByRole("link", { name: "stays" }).count()).toBe(1);
    await open.context().close();
  });
});

describe("ten thousand jobs", () => {
  const count = 10_000;
  const admin = { identity: "root", isAdmin: true };

  it("are as fast as ten: few rows are drawn, and nothing holds up the page", async () => {
    const { broker } = world.server;
    for (let n = 0; n < count; n++) {
      const id = `many-${String(n).padStart(5, "0")}`;
      // One submitter has fewer open ones.
      const submitterId = `s${n % 10}`;
      const spec = { id, submitterId, channels: [{ name: "stdout" }] };
      await broker.createProcess(admin, n % 3 === 0 ? { ...spec, executorId: "w" } : spec);
    }
    const code = await world.code("root", { scope: "admin" });
    const big = await (await world.context()).newPage();
    await big.addInitScript(() => {
      window.longTasks = [];
      new PerformanceObserver((list) => {
        window.longTasks.push(...list.getEntries().map(({ duration }) => duration));
      }).observe({ type: "longtask", buffered: true });
    });
    await big.goto(`${world.url}/#code=${code}`);
    const drawn = (): Promise<number> => big.getByRole("row").count();
    await big.getByRole("button", { name: /^all 10,00\d$/ }).waitFor();
    expect(await drawn()).toBeLessThan(60);

    await big.evaluate(() => (window.longTasks = []));
    const grid = big.getByRole("grid");
    await grid.focus();
    await big.keyboard.press("End");
    await big.getByRole("row").filter({ hasText: "aa-1" }).waitFor();
    for (let at = 0; at < 20; at++)
      await grid.evaluate((element, part) => {
        element.scrollTop = element.scrollHeight * part;
        return new Promise(requestAnimationFrame);
      }, at / 20);
    expect(await drawn()).toBeLessThan(60);
    await big.getByRole("searchbox").fill("many-04242");
    await big.getByRole("link", { name: "many-04242" }).waitFor();
    await broker.createProcess(admin, { id: "many-new", label: "many-04242", channels: [] });
    await big.getByRole("row").filter({ hasText: "many-new" }).waitFor();
    const longest = Math.max(0, ...(await big.evaluate(() => window.longTasks)));
    console.log(`longest task of the page with ${count} jobs: ${Math.round(longest)} ms`);
    // Neighbours of a test take their time as well: only what a person would call hanging fails.
    expect(longest).toBeLessThan(1_000);
    await takeScreenshot(big, "jobs-many");
    await big.context().close();
  });
});

declare global {
  interface Window {
    longTasks: number[];
  }
}
