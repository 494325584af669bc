import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeProgressEntry } from "../../../src/protocol/index.ts";
import { encodeTerminalEntry } from "../../../src/protocol/terminal-entries.ts";
import { findFaults } from "./accessibility.ts";
import { ConsoleJob } from "./console-job.ts";
import { type ConsoleWorld, phone, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));
let job: ConsoleJob;
beforeAll(async () => {
  job = await ConsoleJob.start(world, "all-views", [
    ...["stdout", "stderr", "tty"].map((name) => ({ name, writers: "executor" as const })),
    ...["chat", "metrics", "events", "stdin", "control"].map((name) => ({ name })),
  ]);
  await writeAll();
});
afterAll(async () => {
  await job[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const escape = "\u001b";

async function writeAll(): Promise<void> {
  const colors = Array.from({ length: 16 }, (_, n) => {
    const code = n < 8 ? 30 + n : 82 + n;
    return `${escape}[${code}mcolour ${n}${escape}[0m\n`;
  });
  await job.print(`${colors.join("")}${escape}[1mbold${escape}[0m ${escape}[2mdim${escape}[0m\n`);
  await job.print(
    `see ${escape}]8;;https://example.org/${escape}\\the report${escape}]8;;\u0007\n`,
  );
  await job.channel("stdout").send('{"bytes":4096,"reason":"dropped"}', { type: "jobwire.gap" });
  await job.channel("stdout").send("", { type: "error", error: "the disk is full" });
  await job.channel("tty").send(encodeTerminalEntry({ columns: 80, rows: 24 }), {
    type: "jobwire.size",
  });
  await job.print(`${escape}[32mready${escape}[0m\r\n$ `, "tty");
  const chat = job.channel("chat");
  const { position } = await chat.send("Which checkpoint?");
  await chat.send("The newest one, ", { replyTo: position });
  await chat.send("", { type: "error", error: "no such file", replyTo: position });
  const question = encodeProgressEntry({ question: "Delete the others?", choices: ["Yes", "No"] });
  await chat.send(question, { type: "jobwire.question" });
  const metrics = job.channel("metrics");
  const progress = encodeProgressEntry({ label: "Epoch 1", done: 7, total: 10, unit: "batches" });
  await metrics.send(progress, { type: "jobwire.progress" });
  for (const step of [1, 2, 3]) {
    const metric = encodeProgressEntry({ step, values: { loss: 1 / step } });
    await metrics.send(metric, { type: "jobwire.metric" });
  }
  await job.print('{"level":"info","parts":[1,{"deep":true}],"text":"<b>"}', "events");
}

const open = async (page: Page, place: string): Promise<void> => {
  await page.evaluate((hash) => (location.hash = hash), `#/p/all-views${place}`);
};

/** Each view, shown in a page of the job. */
const views: readonly (readonly [name: string, show: (page: Page) => Promise<void>])[] = [
  [
    "text",
    async (page) => {
      await open(page, "/stdout");
      await page.getByText("the report").waitFor();
      await page.getByRole("button", { name: "Times" }).click();
      await page.getByRole("button", { name: "Go to" }).click();
      await page.getByLabel("Find in the channel").fill("colour 1");
      await page.keyboard.press("Enter");
      await page.locator("mark.text-current").waitFor();
    },
  ],
  [
    "chat",
    async (page) => {
      await open(page, "/chat");
      await page.getByText("no such file").waitFor();
    },
  ],
  [
    "progress",
    async (page) => {
      await open(page, "/metrics");
      await page.locator(".plot canvas").waitFor();
    },
  ],
  [
    "json",
    async (page) => {
      await open(page, "/events");
      await page.getByRole("button", { name: /parts/ }).click();
      await page.getByRole("button", { name: "parts:" }).click();
    },
  ],
  [
    "hex",
    async (page) => {
      await open(page, "/events?view=hex");
      await page.getByText("7b 22 6c").waitFor();
    },
  ],
  [
    "terminal",
    async (page) => {
      await open(page, "/tty");
      await expect.poll(() => page.locator(".xterm-rows").textContent()).toContain("ready");
    },
  ],
  [
    "share",
    async (page) => {
      await page.getByRole("button", { name: "Share" }).click();
      await page.getByRole("button", { name: "Make a link" }).click();
      await page.getByRole("button", { name: "Revoke" }).first().waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Share" }).click();
      await page.getByRole("button", { name: "Revoke" }).first().waitFor();
    },
  ],
  [
    "commands",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Commands" }).click();
      await page.getByLabel("Ask it to stop").waitFor();
    },
  ],
];

describe.each(["dark", "light"] as const)("in %s colours", (colorScheme) => {
  it.each([
    ["a desk", {}],
    ["a phone", { viewport: phone }],
  ])("no view of a job keeps anybody out on %s", async (place, scene) => {
    const page = await job.open("", { colorScheme, ...scene });
    for (const [name, show] of views) {
      await show(page);
      await takeScreenshot(page, `job-${name}-${place.slice(2)}-${colorScheme}`);
      const overhang = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect([name, overhang, await findFaults(page)]).toEqual([name, 0, []]);
    }
    await page.context().close();
  });

  it("channels beside each other keep nobody out", async () => {
    const page = await job.open("", { colorScheme, viewport: { width: 1600, height: 1000 } });
    await page.getByText("the report").waitFor();
    await takeScreenshot(page, `job-all-${colorScheme}`);
    expect(await findFaults(page)).toEqual([]);
    await page.context().close();
  });
});
