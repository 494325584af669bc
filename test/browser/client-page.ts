import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import type * as Client from "../../src/client/index.ts";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { root } from "../package/installed-package.ts";
import { ServerWorld, signToken } from "../server-world.ts";
import { findBrowser } from "./browser-page.ts";

declare global {
  interface Window {
    client: typeof Client;
    wire: Client.Jobwire;
  }
}

/** Reads `out` of process `p` from the cursor of the session on, and keeps what it has read beside it. */
const html = `<!doctype html><script type="module">
  import * as client from "/client.js";
  const [url, token] = location.hash.slice(1).split("|");
  window.client = client;
  window.wire = new client.Jobwire({ url, token });
  const after = sessionStorage.getItem("cursor");
  const got = JSON.parse(sessionStorage.getItem("got") ?? "[]");
  const entries = window.wire.process("p").channel("out").entries(after === null ? {} : { after });
  for await (const entry of entries) {
    got.push(new TextDecoder().decode(entry.payload));
    sessionStorage.setItem("got", JSON.stringify(got));
    sessionStorage.setItem("cursor", entry.cursor);
  }
</script>`;

const workerScript = `
  import { Jobwire } from "/client.js";
  onmessage = async ({ data: { url, token } }) => {
    const wire = new Jobwire({ url, token });
    const { position } = await wire.process("p").channel("in").send("from a worker");
    postMessage(position);
  };`;

/** Tabs of a real browser with the client in them, a real server, and a line between them. */
export class ClientPages {
  readonly world: ServerWorld;
  readonly proxy: TcpProxy;
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #site: Server;

  private constructor(parts: [ServerWorld, TcpProxy, BrowserContext, Browser, Server]) {
    [this.world, this.proxy, this.context, this.#browser, this.#site] = parts;
  }

  /** With further files of the site, by their paths. */
  static async create(more: Readonly<Record<string, string>> = {}): Promise<ClientPages> {
    const script = await bundle("jobwire/client");
    const files: Record<string, string> = {
      ...{ "/client.js": script, "/worker.js": workerScript },
      ...more,
    };
    const site = createServer(({ url = "/" }, response) => {
      const file = files[url];
      response.setHeader("content-type", url.endsWith(".js") ? "text/javascript" : "text/html");
      response.end(file ?? html);
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    const world = await ServerWorld.create({ allowedOrigins: [originOf(site)] });
    await world.request("sub", "POST", "/v1/processes", {
      json: { id: "p", executorid: "exe", channels: [{ name: "out" }, { name: "in" }] },
    });
    const proxy = await TcpProxy.start(world.port);
    const browser = await chromium.launch({
      executablePath: findBrowser(),
      chromiumSandbox: process.getuid?.() !== 0,
    });
    return new ClientPages([world, proxy, await browser.newContext(), browser, site]);
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  /** A page of the site; what it needs to find the process `p` stands behind its #. */
  async open(path = "/"): Promise<Page> {
    const page = await this.context.newPage();
    const token = await signToken("sub");
    await page.goto(`${originOf(this.#site)}${path}#${this.url}|${token}|p`);
    return page;
  }

  async append(from: number, to: number): Promise<void> {
    for (let n = from; n <= to; n++)
      await this.world.append(`entry ${n}`, `?producer=w&sequence=${n}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#site.closeAllConnections();
    this.#site.close();
    await this.proxy.close();
    await this.world[Symbol.asyncDispose]();
  }
}

/** A module and all that it imports, as one file for browsers. */
export async function bundle(input: string): Promise<string> {
  const define = { "process.env.NODE_ENV": `"development"` };
  const bundled = await rolldown({ input, cwd: root, platform: "browser", transform: { define } });
  const { output } = await bundled.generate({ format: "esm" });
  return output[0].code;
}

function originOf(site: Server): string {
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}
