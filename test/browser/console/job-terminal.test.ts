import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunningCommand } from "../../cli-world.ts";
import { signToken } from "../../server-world.ts";
import { type ConsoleWorld, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));
let directory: string;
const commands: RunningCommand[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "jobwire-console-"));
});
afterAll(async () => {
  for (const command of commands) await command.kill();
  await rm(directory, { recursive: true });
});

/** A shell script in a terminal, as `ada`; its process id. */
async function runInTerminal(script: string): Promise<string> {
  const token = await signToken("ada", { scope: "admin" });
  const environment = {
    ...{ PATH: process.env.PATH, HOME: directory, JOBWIRE_DATA_DIRECTORY: directory },
    ...{ JOBWIRE_URL: world.url, JOBWIRE_TOKEN: token, LESS: "", TERM: "xterm-256color" },
  };
  const options = ["run", "--tty", "--name", "shell", "--", "sh", "-c", script];
  const command = new RunningCommand(options, environment, directory);
  commands.push(command);
  const [, id = ""] = await command.waitFor(/process (\S+) /);
  return id;
}

/** All that came from pages. */
async function typedInto(id: string): Promise<string> {
  const response = await world.request(`/v1/processes/${id}/channels/stdin/entries`, {}, "GET");
  const { entries } = (await response.json()) as { entries: { payload: string }[] };
  return entries.map(({ payload }) => Buffer.from(payload, "base64").toString()).join("");
}

const rows = (page: Page) => page.locator(".xterm-rows > div");
const screenOf = async (page: Page) => (await rows(page).allTextContents()).join("\n");
const shows = (page: Page, text: string | RegExp) =>
  expect.poll(() => screenOf(page), { timeout: 20_000 }).toMatch(text);

const hostile = String.raw`printf '\033]0;owned\007\033]52;c;b3duZWQ=\007\033[6n\033[c\033[>q\033]11;?\007'`;
const script = `
  printf '\\033[31mred\\033[0m and \\033[1;38;5;208morange\\033[0m\\n'
  ${hostile}
  printf 'name? '; read name; echo "got <$(printf %s "$name" | tr -cd ad)>"
  printf 'ready? '; read line; echo "size $(stty size)"; read go
  seq 1 500 > numbers; less numbers; echo left; read line`;

describe("a terminal", () => {
  it("shows colours and full-screen programs, takes keys, and a latecomer sees the same", async () => {
    const id = await runInTerminal(script);
    const page = await world.open(`#/p/${id}`);
    await shows(page, "red and orange");
    await shows(page, "name?");
    expect(await page.locator(".xterm-fg-1", { hasText: "red" }).count()).toBe(1);
    await page.getByRole("button", { name: "Type into it" }).click();
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    await shows(page, "got <ada>");
    // Whoever runs the program has answered what it asked its terminal; the page has not.
    expect(await typedInto(id)).toBe("ada\r");
    expect(await page.title()).toBe(`${id} · Jobwire`);

    const fitting = await rows(page).count();
    await page.setViewportSize({ width: 1000, height: 620 });
    await expect.poll(() => rows(page).count()).toBeLessThan(fitting);
    await page.keyboard.press("Enter");
    await shows(page, new RegExp(`size ${await rows(page).count()} \\d+`));
    await page.keyboard.press("Enter");
    await shows(page, "numbers");
    await page.keyboard.type("G");
    await shows(page, "500");
    await takeScreenshot(page, "job-terminal");

    const late = await world.open(`#/p/${id}/tty`, { viewport: { width: 1000, height: 620 } });
    await shows(late, "500");
    await expect.poll(() => screenOf(late)).toBe(await screenOf(page));
    await late.context().close();

    await page.getByRole("button", { name: "Type into it" }).click();
    await page.keyboard.type("q");
    await shows(page, "left");
    await page.reload();
    await shows(page, "left");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Type into it" }).click();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Succeeded").waitFor();
    await page.context().close();
  });
});
