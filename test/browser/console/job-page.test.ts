import { describe, expect, it } from "vitest";
import { TcpProxy } from "../../../src/testing/tcp-proxy.ts";
import { ConsoleJob, linesOf } from "./console-job.ts";
import { type ConsoleWorld, phone, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

describe("the page of a job", () => {
  it("follows what the job writes, and tells how it ended", async () => {
    await using job = await ConsoleJob.start(world, "follow");
    await job.print("\u001b[1;32mready\u001b[0m to \u001b[31mfail\u001b[0m\n");
    await job.print("warning: slow disk\n", "stderr");
    const page = await job.open();
    await page.getByText("ready", { exact: true }).waitFor();
    await job.printLines(1, 200);
    await page.getByText("line 200", { exact: true }).waitFor();
    await page.getByText("warning: slow disk").waitFor();
    await takeScreenshot(page, "job-side-by-side");

    await job.end({ status: "failed", error: "exit code 3", exitCode: 3 });
    await page.getByRole("status").getByText("exit code 3").waitFor();
    expect(
      await page.getByRole("region", { name: "Channel stdout" }).getByText("Ended").count(),
    ).toBe(1);
    await page.context().close();
  });

  it("types a line into the program, which goes on", async () => {
    await using job = await ConsoleJob.start(world, "asks");
    await job.print("How many? ");
    const page = await job.open("/stdout");
    await page.getByText("How many?").waitFor();
    const typed = job.typed();
    await page.getByLabel("Input of the program").fill("42");
    await page.keyboard.press("Enter");
    expect(await typed).toBe("42\n");
    await job.print("42 it is\n");
    await page.getByText("How many? 42 it is").waitFor();
    await page.context().close();
  });

  it("continues after a reload in mid-stream, with nothing lost and nothing twice", async () => {
    await using job = await ConsoleJob.start(world, "reload");
    await job.printLines(1, 20);
    const page = await job.open("/stdout");
    await page.getByText("line 20", { exact: true }).waitFor();
    const printing = job.printLines(21, 40);
    await page.reload();
    await printing;
    await page.getByText("line 40", { exact: true }).waitFor();
    expect(await linesOf(page)).toEqual(Array.from({ length: 40 }, (_, i) => `line ${i + 1}`));
    await page.context().close();
  });

  it("says that it reconnects while the line is cut, and goes on with nothing lost or twice", async () => {
    await using job = await ConsoleJob.start(world, "cut-off");
    await job.printLines(1, 10);
    const proxy = await TcpProxy.start(world.server.port);
    const page = await (await world.context()).newPage();
    await page.goto(
      `http://127.0.0.1:${proxy.port}/#code=${await world.code()}&to=%2Fp%2Fcut-off%2Fstdout`,
    );
    await page.getByText("line 10", { exact: true }).waitFor();

    proxy.refuse();
    proxy.cutAll();
    const pane = page.getByRole("region", { name: "Channel stdout" });
    await pane.getByText("Reconnecting").waitFor();
    await job.printLines(11, 20);
    await page.getByLabel("Input of the program").fill("typed meanwhile");
    await page.keyboard.press("Enter");
    await page.getByText("Sending …").waitFor();
    proxy.accept();
    await page.getByText("line 20", { exact: true }).waitFor();
    await pane.getByText("Live").waitFor();
    expect(await linesOf(page)).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 1}`));
    expect(await job.typed()).toBe("typed meanwhile\n");
    await page.context().close();
    await proxy.close();
  });

  it("waits for a job that is not there yet, and shows it once it is", async () => {
    const page = await world.open("#/p/later");
    await page.getByText("There is no such job").waitFor();
    await using job = await ConsoleJob.start(world, "later");
    await job.printLines(1, 1);
    await page.getByText("line 1", { exact: true }).waitFor();
    await page.context().close();
  });

  it("cancels, once that was confirmed", async () => {
    await using job = await ConsoleJob.start(world, "cancelled");
    const page = await job.open();
    await page.getByRole("button", { name: "Cancel job" }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel this job?" });
    await dialog.waitFor();
    await takeScreenshot(page, "job-cancel");
    await dialog.getByRole("button", { name: "Cancel job" }).click();
    await page.getByText("Cancelling").waitFor();
    await job.end({ status: "cancelled" });
    await page.getByRole("status").getByText("Cancelled").waitFor();
    expect(await page.getByRole("button", { name: "Cancel job" }).count()).toBe(0);
    await page.context().close();
  });

  it("fits a phone, in light colours", async () => {
    await using job = await ConsoleJob.start(world, "phone");
    await job.print("\u001b[32mok\u001b[0m \u001b[33mwarning\u001b[0m \u001b[31merror\u001b[0m\n");
    await job.printLines(1, 60);
    const page = await job.open("", { viewport: phone, colorScheme: "light" });
    await page.getByText("line 60", { exact: true }).waitFor();
    await takeScreenshot(page, "job-phone");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(phone.width);
    await page.context().close();
  });
});
