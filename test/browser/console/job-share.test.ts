import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ConsoleJob, linesOf } from "./console-job.ts";
import { type ConsoleWorld, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

/** Makes a link as a person does. */
async function share(page: Page, what?: string): Promise<string> {
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share" });
  if (what !== undefined) await dialog.getByLabel("What").selectOption({ label: what });
  await dialog.getByRole("button", { name: "Make a link" }).click();
  return await dialog.getByLabel("The link. It is shown this once").inputValue();
}

async function openLink(link: string): Promise<Page> {
  const context = await world.context();
  const page = await context.newPage();
  await page.goto(link);
  return page;
}

describe("a link that was shared", () => {
  it("lets another person look, and neither type nor act, until it is revoked", async () => {
    await using job = await ConsoleJob.start(world, "shared");
    await job.printLines(1, 5);
    const owner = await job.open();
    const link = await share(owner);
    await takeScreenshot(owner, "job-share");
    expect(link).toMatch(/\/#grant=grant\..*&process=shared$/);

    const page = await openLink(link);
    await page.getByText("line 5", { exact: true }).waitFor();
    await job.printLines(6, 6);
    await page.getByText("line 6", { exact: true }).waitFor();
    expect(page.url()).not.toContain("grant");
    expect(await page.getByRole("button", { name: /Cancel|Share|Send/ }).count()).toBe(0);
    const grant = decodeURIComponent(/grant=([^&]*)/.exec(link)![1]!);
    const typed = await fetch(`${world.url}/v1/processes/shared/channels/stdin/entries`, {
      method: "POST",
      headers: { authorization: `Bearer ${grant}` },
      body: "typed",
    });
    expect(typed.status).toBe(403);

    await owner.getByRole("button", { name: "Revoke" }).click();
    await page
      .getByText(/revoked/)
      .first()
      .waitFor();
    await job.printLines(7, 7);
    await owner.getByText("line 7", { exact: true }).waitFor();
    expect(await page.getByText("line 7", { exact: true }).count()).toBe(0);
    await takeScreenshot(page, "job-revoked");
    await page.context().close();
    await owner.context().close();
  });

  it("for one channel shows that one", async () => {
    await using job = await ConsoleJob.start(world, "one-channel");
    await job.printLines(1, 3);
    await job.print("secret\n", "stderr");
    const owner = await job.open();
    const page = await openLink(await share(owner, "Only stdout"));
    await page.getByText("line 3", { exact: true }).waitFor();
    expect(await linesOf(page)).toEqual(["line 1", "line 2", "line 3"]);
    const tabs = page.getByRole("navigation", { name: "Channels" }).getByRole("link");
    expect(await tabs.allTextContents()).toEqual(["stdout"]);
    await page.context().close();
    await owner.context().close();
  });
});
