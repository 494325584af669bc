import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { encodeProgressEntry } from "../../../src/protocol/index.ts";
import { ConsoleJob } from "./console-job.ts";
import { type ConsoleWorld, phone, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

describe("a chat", () => {
  it("joins what is streamed, links answers, and answers the question that is pending", async () => {
    await using job = await ConsoleJob.start(world, "talk", [{ name: "chat" }]);
    const chat = job.channel("chat");
    const page = await job.open();
    await page.getByRole("textbox", { name: "Message" }).fill("What is in the log?");
    await page.keyboard.press("Enter");
    await page.getByRole("article").getByText("What is in the log?").waitFor();
    for (const token of ["Mostly ", "retries, ", "see https://example.org/log."])
      await chat.send(token, { replyTo: 1 });
    await page.getByText("Mostly retries, see").waitFor();
    await chat.send("", { type: "end", replyTo: 1 });
    const link = page.getByRole("link", { name: "https://example.org/log" });
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
    expect(await page.getByRole("article").count()).toBe(2);

    const form = { question: "Delete the old checkpoints?", choices: ["Yes", "No"] };
    const asked = await chat.send(encodeProgressEntry(form), { type: "jobwire.question" });
    await page.getByRole("button", { name: "Yes" }).waitFor();
    await takeScreenshot(page, "job-chat");
    await page.getByRole("button", { name: "Yes" }).click();
    await page.getByRole("button", { name: "Yes" }).waitFor({ state: "detached" });
    for await (const { replyTo, payload } of chat.entries({ after: asked.position })) {
      expect([replyTo, new TextDecoder().decode(payload)]).toEqual([asked.position, "Yes"]);
      break;
    }
    await page.context().close();
  });
});

describe("progress", () => {
  it("shows bars and plots, and saves them", async () => {
    await using job = await ConsoleJob.start(world, "train", [{ name: "metrics" }]);
    const metrics = job.channel("metrics");
    for (let step = 1; step <= 60; step++) {
      const values = { loss: 2.2 / step ** 0.4 + Math.sin(step) / 40, "tokens/s": 900 + step };
      const form = encodeProgressEntry({ step, values });
      void metrics.send(form, { type: "jobwire.metric" });
    }
    const tell = (label: string, done: number, total?: number) =>
      metrics.send(
        encodeProgressEntry({ label, done, unit: "batches", ...(total ? { total } : {}) }),
        { type: "jobwire.progress" },
      );
    await tell("Epoch 3", 12, 64);
    await tell("Download", 8, 8);
    await tell("Seen", 1234);
    const page = await job.open();
    await page.getByRole("progressbar", { name: "Epoch 3" }).waitFor();
    await page.locator(".plot canvas").nth(1).waitFor();
    await tell("Epoch 3", 32, 64);
    await page.getByText("50 %").waitFor();
    const last = encodeProgressEntry({ step: 61, values: { loss: 0.125 } });
    await metrics.send(last, { type: "jobwire.metric" });
    await page.getByRole("img", { name: "Plot of loss, at last 0.125" }).waitFor();
    await takeScreenshot(page, "job-progress");

    const save = async (name: string) => {
      const downloading = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      return await readFile(await (await downloading).path());
    };
    const rows = (await save("Save CSV")).toString().split("\r\n");
    expect(rows).toHaveLength(1 + 121 + 1);
    expect(rows[1]).toMatch(/^"loss",1,\d{4}-.*Z,2\.2/);
    const png = await save("Save PNG of loss");
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    await page.context().close();
  });
});

describe("entries", () => {
  it("are trees and bytes for who wants to see them", async () => {
    await using job = await ConsoleJob.start(world, "entries", [{ name: "events" }]);
    await job.print('{"level":"info","parts":[1,{"deep":true}]}', "events");
    await job.print('{"level":"warn","text":"<b>bold</b>"}', "events");
    const page = await job.open("", { viewport: phone });
    await page.getByRole("button", { name: /parts/ }).click();
    await page.getByRole("button", { name: "parts:" }).click();
    await page.getByText("{deep: true}").waitFor();
    await takeScreenshot(page, "job-json-phone");
    await page.getByLabel("View of events").selectOption("Hex");
    await page.getByText("7b 22 6c 65 76 65 6c").first().waitFor();
    expect(page.url()).toContain("view=hex");
    await page.reload();
    await page.getByText("7b 22 6c 65 76 65 6c").first().waitFor();
    await page.context().close();
  });

  it("are saved as they are", async () => {
    await using job = await ConsoleJob.start(world, "saved");
    await job.print("a\u001b[31mb\n");
    await job.print(Uint8Array.from([0, 255, 10]));
    const page = await job.open("/stdout");
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("saved.stdout");
    expect([...(await readFile(await download.path()))]).toEqual([
      ...[97, 27, 91, 51, 49, 109, 98, 10, 0, 255, 10],
    ]);
    await page.context().close();
  });
});
