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
    expect(link).toMatch(/\/#grant=grant\..*&ops=read&process=shared$/);

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

  it("that is for more lets another person type, with or without saying so in the link", async () => {
    await using job = await ConsoleJob.start(world, "typed-into");
    await job.printLines(1, 1);
    const json = { ops: ["read", "append"], channels: ["stdout", "stdin"] };
    const made = await world.request("/v1/processes/typed-into/grants", { json });
    const { grant } = (await made.json()) as { readonly grant: string };
    const page = await openLink(`${world.url}/#grant=${grant}`);
    await page.getByLabel("Input of the program").fill("yes");
    await page.keyboard.press("Enter");
    expect(await job.typed()).toBe("yes\n");
    expect(await page.getByRole("button", { name: /Cancel|Share/ }).count()).toBe(0);

    const told = await openLink(`${world.url}/#grant=${grant}&ops=read,append`);
    await told.getByLabel("Input of the program").waitFor();
    await told.reload();
    await told.getByLabel("Input of the program").waitFor();
    await told.context().close();
    await page.context().close();
  });

  it("that says nothing of what it is for lets nobody type who may not", async () => {
    await using job = await ConsoleJob.start(world, "looked-at");
    await job.printLines(1, 1);
    const json = { ops: ["read"] };
    const made = await world.request("/v1/processes/looked-at/grants", { json });
    const { grant } = (await made.json()) as { readonly grant: string };
    const context = await world.context();
    const page = await context.newPage();
    const refused = page.waitForResponse((response) => response.url().endsWith("/entries/batch"));
    await page.goto(`${world.url}/#grant=${grant}`);
    expect((await refused).status()).toBe(403);
    await page.getByText("line 1", { exact: true }).waitFor();
    expect(await page.getByLabel("Input of the program").count()).toBe(0);
    await context.close();
  });
});
