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
