import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { delimiter, isAbsolute, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import type * as Jobwire from "../../src/index.ts";

const output = fileURLToPath(new URL("../../dist", import.meta.url));

declare global {
  interface Window {
    jobwire: typeof Jobwire;
  }
}

const html = `<!doctype html>
<script type="module">
  import * as jobwire from "/index.js";
  window.jobwire = jobwire;
</script>`;

/** A page of a real browser that has the built package as `window.jobwire`. */
export class BrowserPage {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #server: Server;

  private constructor(page: Page, browser: Browser, server: Server) {
    this.page = page;
    this.#browser = browser;
    this.#server = server;
  }

  static async create(): Promise<BrowserPage> {
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
      const isScript = path.endsWith(".js");
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? readFileSync(join(output, path)) : html);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const browser = await chromium.launch({
      executablePath: findBrowser(),
      // Chromium refuses its sandbox to root, which is who runs tests in a container.
      chromiumSandbox: process.getuid?.() !== 0,
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return new BrowserPage(page, browser, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export function findBrowser(): string {
  const name = process.env.CHROMIUM ?? "chromium";
  const folders = isAbsolute(name) ? [""] : (process.env.PATH ?? "").split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (path !== undefined) return path;
  throw new Error(
    `There is no ${name}. Install it (apt-get install chromium), or name a binary in CHROMIUM.`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
