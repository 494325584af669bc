import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findFaults } from "./accessibility.ts";
import { type ConsoleWorld, phone, takeScreenshot, shareConsole } from "./console-world.ts";

const KiB = 1024;
const firstLoadBytesMax = 60 * KiB;

const labels = ["train resnet-50", "nightly import", "", "evaluate checkpoints", "sync mirrors"];
const outcomes = [
  { status: "success" },
  { status: "failed", error: "exit code 137: out of memory while loading batch 12" },
  { status: "cancelled" },
];

let world: ConsoleWorld;
shareConsole((shared) => (world = shared));
beforeAll(async () => {
  for (let n = 0; n < 30; n++) {
    const id = `k${n}w7x2mq4hd9tz`;
    const label = labels[n % labels.length] ?? "";
    const executorid = n % 2 === 0 ? `run:${id}` : "worker-eu-3";
    const runs = n % 7 !== 3;
    await world.create({
      id,
      ...(label === "" ? {} : { label }),
      ...(runs ? { executorid } : {}),
    });
    const outcome = outcomes[n % outcomes.length];
    if (n < 22 && n % 4 !== 0 && outcome !== undefined) await world.close(id, outcome);
  }
});

/** Each view, shown in a page that is signed in. */
const views: readonly (readonly [name: string, show: (page: Page) => Promise<void>])[] = [
  ["jobs", async (page) => await page.getByRole("gridcell").first().waitFor()],
  [
    "jobs-keyboard",
    async (page) => {
      await page.getByRole("searchbox").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
    },
  ],
  [
    "jobs-none",
    async (page) => {
      await page.getByRole("searchbox").fill("nothing like it");
      await page.getByText("No job is like that.").waitFor();
    },
  ],
  [
    "sign-in",
    async (page) => {
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
  ],
];

describe.each(["dark", "light"] as const)("in %s colours", (colorScheme) => {
  it("no view has a serious fault for who cannot see it or has no mouse", async () => {
    const page = await world.open("#/", { colorScheme });
    for (const [name, show] of views) {
      await show(page);
      await takeScreenshot(page, `${name}-${colorScheme}`);
      expect([name, await findFaults(page)]).toEqual([name, []]);
    }
    await page.context().close();
  });

  it("a phone shows all of it without scrolling aside", async () => {
    const page = await world.open("#/", { colorScheme, viewport: phone });
    for (const [name, show] of views) {
      await show(page);
      await takeScreenshot(page, `${name}-phone-${colorScheme}`);
      const overhang = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect([name, overhang]).toEqual([name, 0]);
      expect([name, await findFaults(page)]).toEqual([name, []]);
    }
    await page.context().close();
  });
});

describe("the colours", () => {
  it("are the system's until others are chosen, which stay", async () => {
    const page = await world.open("#/", { colorScheme: "dark" });
    const scheme = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    expect(await scheme()).toBe("dark");
    await page.getByRole("button", { name: "switch to light" }).click();
    expect(await scheme()).toBe("light");
    await page.reload();
    await page.getByRole("button", { name: "switch to dark" }).waitFor();
    expect(await scheme()).toBe("light");
    await page.context().close();
  });
});

describe("the check of accessibility", () => {
  it("finds a planted fault", async () => {
    const page = await world.open();
    await page.evaluate(() =>
      document
        .querySelector("input")
        ?.closest("label")
        ?.replaceWith(document.createElement("input")),
    );
    expect(await findFaults(page)).toEqual([expect.stringMatching(/^label: /)]);
    await page.context().close();
  });
});

describe("the policy of the page", () => {
  it("lets no script in that is no file of the console, and nothing out to others", async () => {
    const page = await world.open();
    const ran = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.planted = true";
      document.body.append(script);
      const image = document.createElement("img");
      image.setAttribute("onerror", "window.planted = true");
      image.src = "./nothing.png";
      const failed = new Promise((resolve) => image.addEventListener("error", resolve));
      document.body.append(image);
      await failed;
      const left = await fetch("http://127.0.0.2:9/").catch(() => undefined);
      return { isPlanted: "planted" in window, hasLeft: left !== undefined };
    });
    expect(ran).toEqual({ isPlanted: false, hasLeft: false });
    const complaints = world.takeComplaints();
    expect(complaints.some((text) => text.includes("script-src"))).toBe(true);
    expect(complaints.some((text) => text.includes("connect-src"))).toBe(true);
    await page.context().close();
  });
});

describe("a part of the page that cannot be loaded", () => {
  /** As Vite tells of one. */
  const tellOfOne = (page: Page): Promise<boolean> =>
    page.evaluate(() => {
      (window as { isOld?: boolean }).isOld = true;
      return dispatchEvent(new Event("vite:preloadError", { cancelable: true }));
    });
  const isOld = (page: Page): Promise<boolean> => page.evaluate(() => "isOld" in window);

  it("lets the page begin anew, signed in and in its place, and not again and again", async () => {
    const page = await world.open("#/p/k1w7x2mq4hd9tz");
    const reloaded = page.waitForEvent("load");
    // The page may be gone before it can say what it did.
    await tellOfOne(page).catch(() => undefined);
    await reloaded;
    await page.locator(".app-main").waitFor();
    expect(await isOld(page)).toBe(false);
    expect(page.url()).toBe(`${world.url}/#/p/k1w7x2mq4hd9tz`);

    const isFailureTold = await tellOfOne(page);
    expect([isFailureTold, await isOld(page)]).toEqual([true, true]);
    await page.context().close();
  });
});

describe("the first load", () => {
  it("fits into 60 KiB on the wire, and comes from this server alone", async () => {
    const context = await world.context();
    const page = await context.newPage();
    const loaded: Promise<number>[] = [];
    const origins = new Set<string>();
    page.on("requestfinished", (request) => {
      const url = new URL(request.url());
      origins.add(url.origin);
      if (!url.pathname.startsWith("/v1/"))
        loaded.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await page.goto(`${world.url}/#code=${await world.code()}`);
    await page.getByRole("gridcell").first().waitFor();
    const bytes = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);
    console.log(`first load: ${(bytes / KiB).toFixed(1)} KiB in ${loaded.length} files`);
    expect(loaded.length).toBeGreaterThan(2);
    expect(bytes).toBeLessThanOrEqual(firstLoadBytesMax);
    expect([...origins]).toEqual([new URL(world.url).origin]);
    await context.close();
  });
});
