import { describe, expect, it } from "vitest";
import { takeWatched, watchPage } from "../../../bench/console/page-watch.mjs";
import { type ConsoleWorld, shareConsole, takeScreenshot } from "../console/console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

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
    await watchPage(big);
    await big.goto(`${world.url}/#code=${code}`);
    const drawn = (): Promise<number> => big.getByRole("row").count();
    await big.getByRole("button", { name: "all 10,000" }).waitFor();
    expect(await drawn()).toBeLessThan(60);

    await takeWatched(big);
    const grid = big.getByRole("grid");
    await grid.focus();
    await big.keyboard.press("End");
    await big.getByRole("row").filter({ hasText: "many-00000" }).waitFor();
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
    const longest = Math.max(0, ...(await takeWatched(big)).tasks);
    console.log(`longest task of the page with ${count} jobs: ${Math.round(longest)} ms`);
    // Only what a person would call hanging fails.
    expect(longest).toBeLessThan(1_000);
    await takeScreenshot(big, "jobs-many");
    await big.context().close();
  });
});
