import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../package/installed-package.ts";
import { ClientPages } from "./client-page.ts";
import { bundle } from "./client-site.ts";

const folder = join(root, "examples/pages");

beforeAll(() => ensureBuilt());

const entries = (count: number) =>
  Array.from({ length: count }, (_, i) => `entry ${i + 1}`).join("");
const shows = (page: Page, selector: string, text: string) =>
  expect.poll(() => page.locator(selector).textContent(), { timeout: 30_000 }).toBe(text);

describe("the example page", () => {
  it("resume.html goes on after a reload where it was", async () => {
    const html = await readFile(join(folder, "resume.html"), "utf8");
    await using pages = await ClientPages.create({ "/resume.html": html });
    const page = await pages.open("/resume.html");
    await pages.append(1, 10);
    await shows(page, "#out", entries(10));

    const appending = pages.append(11, 20);
    await page.reload();
    await appending;

    await shows(page, "#out", entries(20));
  });

  it("tokens.jsx shows each token once, though React mounts it twice", async () => {
    await using pages = await ClientPages.create({
      "/tokens.html": `<div id="root"></div><script type="module" src="/tokens.js"></script>`,
      "/tokens.js": await bundle("./examples/pages/tokens.jsx"),
    });
    await pages.append(1, 10);
    const page = await pages.open("/tokens.html");
    await shows(page, "p", entries(10));

    await pages.append(11, 20);
    await shows(page, "p", entries(20));
    await pages.world.request("exe", "POST", "/v1/processes/p/close?term=1", {
      json: { outcome: { status: "success" } },
    });

    await shows(page, "footer", "success");
    await shows(page, "p", entries(20));
  });
});
