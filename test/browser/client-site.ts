import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import type * as Client from "../../src/client/index.ts";
import { root } from "../package/installed-package.ts";
import { findBrowser } from "./browser-page.ts";

declare global {
  interface Window {
    client: typeof Client;
    wire: Client.Jobwire;
    /** What the page reads. */
    out: Client.Channel;
  }
}

/** Reads `out` of process `p` from the cursor of the session on, and keeps what it has read beside it. */
const html = `<!doctype html><script type="module">
  import * as client from "/client.js";
  const [url, token] = location.hash.slice(1).split("|");
  window.client = client;
  window.wire = new client.Jobwire({ url, token });
  window.out = window.wire.process("p").channel("out");
  const after = sessionStorage.getItem("cursor");
  const got = JSON.parse(sessionStorage.getItem("got") ?? "[]");
  for await (const entry of window.out.entries(after === null ? {} : { after })) {
    got.push(new TextDecoder().decode(entry.payload));
    sessionStorage.setItem("got", JSON.stringify(got));
    sessionStorage.setItem("cursor", entry.cursor);
  }
</script>`;

/** Where a page finds its server. */
export interface PageService {
  readonly url: string;
  readonly token: string;
}

/** A site whose pages have the client in them, and a real browser that opens them. */
export class ClientSite {
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #server: Server;

  private constructor(context: BrowserContext, browser: Browser, server: Server) {
    this.context = context;
    this.#browser = browser;
    this.#server = server;
  }

  /** With further files, by their paths. */
  static async create(more: Readonly<Record<string, string>> = {}): Promise<ClientSite> {
    const files: Record<string, string> = { "/client.js": await bundle("jobwire/client"), ...more };
    const server = createServer(({ url = "/" }, response) => {
      const file = files[url];
      response.setHeader("content-type", url.endsWith(".js") ? "text/javascript" : "text/html");
      response.end(file ?? html);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const browser = await chromium.launch({
      executablePath: findBrowser(),
      chromiumSandbox: process.getuid?.() !== 0,
    });
    return new ClientSite(await browser.newContext(), browser, server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a page needs to find the process `p` stands behind its #. */
  async open(path: string, { url, token }: PageService): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${this.origin}${path}#${url}|${token}|p`);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What the page of the site has read so far, in its order. */
export async function readBy(page: Page): Promise<string[]> {
  return await page.evaluate(() => JSON.parse(sessionStorage.getItem("got") ?? "[]") as string[]);
}

/** A module and all that it imports, as one file for browsers. */
export async function bundle(input: string): Promise<string> {
  const define = { "process.env.NODE_ENV": `"development"` };
  const bundled = await rolldown({ input, cwd: root, platform: "browser", transform: { define } });
  const { output } = await bundled.generate({ format: "esm" });
  return output[0].code;
}
