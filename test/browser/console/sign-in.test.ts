import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ServerWorld, signToken } from "../../server-world.ts";
import {
  type ConsoleWorld,
  consoleDirectory,
  takeScreenshot,
  shareConsole,
} from "./console-world.ts";
import { SubPathProxy } from "./sub-path-proxy.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));
beforeAll(async () => {
  await world.create({ id: "train-1", label: "train", executorid: "worker" });
});

const rows = (page: Page) => page.getByRole("row").filter({ has: page.getByRole("gridcell") });
const field = (page: Page) => page.getByLabel("Or paste that link, or a token");
const connection = (page: Page) => page.locator(".app-connection");
/** Of the page of a job. */
const title = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

async function openPage(url: string): Promise<Page> {
  const page = await (await world.context()).newPage();
  await page.goto(url);
  return page;
}

describe("a link with a code", () => {
  it("signs in, and leaves nothing in the address and the history", async () => {
    const code = await world.code();
    const page = await openPage(`${world.url}/#code=${code}&to=%2Fp%2Ftrain-1`);
    await title(page, "train").waitFor();

    expect(page.url()).toBe(`${world.url}/#/p/train-1`);
    const seen = await page.evaluate(() => ({
      entries: history.length,
      state: JSON.stringify(history.state),
      referrer: document.referrer,
      kept: JSON.stringify([sessionStorage, localStorage]),
    }));
    expect(seen.entries).toBeLessThanOrEqual(2);
    expect(JSON.stringify(seen)).not.toContain(code);
    await page.context().close();
  });

  it("works once", async () => {
    const code = await world.code();
    const first = await openPage(`${world.url}/#code=${code}`);
    await rows(first).first().waitFor();

    const second = await openPage(`${world.url}/#code=${code}`);
    await second.getByRole("alert").getByText("This link was used before").waitFor();
    expect(second.url()).toBe(`${world.url}/#/`);
    await first.context().close();
    await second.context().close();
  });

  it("counts in a page that is open already, and signs in whoever it is for", async () => {
    const page = await world.open("#/", {}, "bob");
    await page.getByText("There are no jobs yet").waitFor();
    const code = await world.code("ada");
    await page.evaluate((hash) => (location.hash = hash), `code=${code}`);
    await rows(page).first().waitFor();
    expect(page.url()).toBe(`${world.url}/#/`);
    await page.context().close();
  });

  it("that is away from its server can be tried again", async () => {
    const context = await world.context();
    const page = await context.newPage();
    await page.goto(world.url);
    await field(page).waitFor();
    await context.setOffline(true);
    const link = `${world.url}/#code=${await world.code()}`;
    await field(page).fill(link);
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("The server does not answer.").waitFor();
    await context.setOffline(false);
    await page.getByRole("button", { name: "Try the link again" }).click();
    await rows(page).first().waitFor();
    await context.close();
  });
});

describe("a token", () => {
  it("that is wrong is refused in words", async () => {
    const page = await openPage(world.url);
    const refused = async (text: string, message: string): Promise<void> => {
      await field(page).fill(text);
      await page.keyboard.press("Enter");
      await page.getByRole("alert").getByText(message).waitFor();
    };
    await refused("hello", "That is neither a token nor a link to this console.");
    const foreign = new TextEncoder().encode("another secret, also of 32 bytes or so");
    await refused(await signToken("ada", {}, foreign), "The server does not accept this token.");
    await refused(await signToken("ada", { exp: 1 }), "Your session has expired.");
    await takeScreenshot(page, "sign-in-refused");
    await page.context().close();
  });

  it("signs in, stays through a reload, and is gone after signing out", async () => {
    const page = await openPage(`${world.url}/#/p/train-1`);
    await field(page).fill(await signToken("ada"));
    await page.keyboard.press("Enter");
    await title(page, "train").waitFor();

    await page.reload();
    await title(page, "train").waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("alert").getByText("You are signed out.").waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.reload();
    await field(page).waitFor();
    await page.context().close();
  });

  it("for one job shows no other", async () => {
    await world.create({ id: "train-2" });
    const page = await openPage(world.url);
    await field(page).fill(await signToken("ada", { process: "train-1" }));
    await page.keyboard.press("Enter");
    await rows(page).first().waitFor();
    expect(await rows(page).getByRole("link").allTextContents()).toEqual(["train"]);
    await rows(page).getByRole("link", { name: "train" }).click();
    await title(page, "train").waitFor();
    await page.context().close();
    await world.request("/v1/processes/train-2", {}, "DELETE");
  });

  it("is that of all tabs: a job opens in a new one, and signing out ends each", async () => {
    const first = await world.open();
    const opened = first.context().waitForEvent("page");
    await rows(first)
      .getByRole("link", { name: "train" })
      .click({ modifiers: ["Control"] });
    const second = await opened;
    await title(second, "train").waitFor();
    expect(second.url()).toBe(`${world.url}/#/p/train-1`);

    await second.getByRole("button", { name: "Sign out" }).click();
    await first.getByRole("alert").getByText("You are signed out.").waitFor();
    await second.reload();
    await field(second).waitFor();
    await first.context().close();
  });

  it("that counts no more leads to signing in, and from there back", async () => {
    const keys = [{ kind: "hmac", secret: new Uint8Array(32).fill(7) }] as const;
    await using first = await ServerWorld.create({ consoleDirectory });
    const { port } = first;
    await first.request("ada", "POST", "/v1/processes", { json: { id: "p", channels: [] } });
    const page = await openPage(`${first.url}/#/p/p`);
    await field(page).fill(await signToken("ada"));
    await page.keyboard.press("Enter");
    await connection(page).getByText("Live").waitFor();

    await first.server.close();
    await using second = await ServerWorld.create({ consoleDirectory, port, keys });
    await page.getByRole("alert").getByText("The server does not accept this token.").waitFor();
    expect(page.url()).toBe(`${second.url}/#/p/p`);
    await field(page).fill(await signToken("ada", {}, keys[0].secret));
    await page.keyboard.press("Enter");
    await page.locator(".app-main").waitFor();
    expect(page.url()).toBe(`${second.url}/#/p/p`);
    await page.context().close();
  });
});

describe("a link that was shared", () => {
  it("opens its one job, and says when it was revoked", async () => {
    const path = "/v1/processes/train-1/grants";
    const made = await world.request(path, { json: { ops: ["read"] } });
    const { grant, id } = (await made.json()) as { readonly grant: string; readonly id: string };
    const link = `${world.url}/#grant=${grant}&channel=stdout`;
    const page = await openPage(link);
    await page.getByText("shared with you").waitFor();
    expect(page.url()).toBe(`${world.url}/#/p/train-1/stdout`);
    expect(await page.getByRole("link", { name: "Jobs" }).count()).toBe(0);
    await page.evaluate(() => (location.hash = "#/"));
    await title(page, "train").waitFor();

    const revoked = (of: Page) => of.getByRole("alert").getByText("expired, or was revoked");
    await world.request(`${path}/${id}`, {}, "DELETE");
    await revoked(page).waitFor();
    const late = await openPage(link);
    await revoked(late).waitFor();
    await page.context().close();
    await late.context().close();
  });
});

describe("in a folder of a site, behind a proxy", () => {
  it("signs in and is live over a WebSocket", async () => {
    await using proxy = await SubPathProxy.start(world.server.port, "/tools/jobwire/");
    const page = await openPage(`${proxy.url}#code=${await world.code()}`);
    await rows(page).getByRole("link", { name: "train" }).waitFor();
    await connection(page).getByText("Live").waitFor();
    expect(await connection(page).getAttribute("title")).toBe("over a WebSocket");

    await page.getByRole("link", { name: "train" }).click();
    await title(page, "train").waitFor();
    expect(page.url()).toBe(`${proxy.url}#/p/train-1`);
    await page.context().close();
  });
});
