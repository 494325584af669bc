import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ConsoleJob, linesOf } from "./console-job.ts";
import { type ConsoleWorld, takeScreenshot, shareConsole } from "./console-world.ts";

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));

const escape = "\u001b";
const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const attacks = [
  markup,
  `${escape}]0;owned\u0007title`,
  `${escape}]52;c;b3duZWQ=\u0007clipboard`,
  `${escape}[6n${escape}[c${escape}P+q544e${escape}\\query`,
  `${escape}]8;;javascript:document.title='owned'\u0007click${escape}]8;;\u0007`,
  `${escape}]8;;data:text/html,<script>alert(1)</script>${escape}\\click${escape}]8;;${escape}\\`,
  `${escape}[2J${escape}[999;999H${escape}[?1049h moved`,
  "javascript:alert(1) and \u202eright to left",
].join("\n");
const invalid = Uint8Array.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0xf5, 0x0a]);
const longLine = "<b>x</b>".repeat((10 * 1024 * 1024) / 8 - 1);

const scrolledTo = (page: Page) => page.locator(".text-scroll").evaluate((log) => log.scrollTop);

describe("a hostile job", () => {
  it.each(["text", "chat", "json", "hex", "progress"])(
    "harms neither the page nor who looks at it as %s",
    async (view) => {
      await using job = await ConsoleJob.start(world, `hostile-${view}`, [{ name: "out" }]);
      const out = job.channel("out");
      await out.send(`before\n${attacks}\n`);
      await out.send(invalid);
      await out.send(JSON.stringify({ [markup]: markup, __proto__: { a: 1 } }));
      await out.send("[".repeat(100_000));
      await out.send(JSON.stringify({ label: markup, done: 1, total: 2 }), {
        type: "jobwire.progress",
      });
      await out.send(JSON.stringify({ values: { [markup.slice(0, 90)]: 1 } }), {
        type: "jobwire.metric",
      });
      await out.send(JSON.stringify({ question: markup, choices: [markup] }), {
        type: "jobwire.question",
      });
      await out.send(longLine);
      const page = await job.open(`/out?view=${view}`);
      await page.evaluate(() => {
        const tasks: number[] = [];
        Object.assign(globalThis, { tasks });
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) tasks.push(entry.duration);
        });
        observer.observe({ type: "longtask", buffered: true });
      });
      await out.send("\n\nafter\n");
      if (view === "progress") await page.getByRole("progressbar").waitFor();
      else if (view === "hex") await page.getByText("61 66 74 65 72").waitFor();
      else
        await page
          .getByText(/\bafter\b/)
          .first()
          .waitFor();

      const harm = await page.evaluate(() => ({
        title: document.title,
        foreign: document.querySelectorAll("#app :is(img, script, iframe, b)").length,
        links: [...document.querySelectorAll("a")].map((link) => link.protocol),
        tasks: (globalThis as unknown as { tasks: number[] }).tasks,
        elements: document.querySelectorAll("*").length,
      }));
      expect(harm.title).toBe(`hostile-${view} · Jobwire`);
      expect(harm.foreign).toBe(0);
      expect(harm.links.filter((protocol) => !/^https?:$/.test(protocol))).toEqual([]);
      expect(harm.elements).toBeLessThan(5_000);
      expect(Math.max(0, ...harm.tasks)).toBeLessThan(2_000);
      if (view === "text") {
        await page.getByRole("button", { name: "Start" }).click();
        await expect.poll(() => linesOf(page, "out").then(([first]) => first)).toBe("before");
        await expect.poll(() => scrolledTo(page)).toBe(0);
        await page.getByText(`<img src=x`).first().waitFor();
        await page.getByText("\ufffd").first().waitFor();
      }
      await takeScreenshot(page, `job-hostile-${view}`);
      await page.context().close();
    },
  );
});
