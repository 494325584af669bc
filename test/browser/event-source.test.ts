import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { ServerWorld } from "../server-world.ts";
import { findBrowser } from "./browser-page.ts";

const entryCount = 400;
const cutEveryMs = 1_000;

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: findBrowser(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
afterAll(() => browser.close());

const page = `<!doctype html><title>reader</title><script>
  window.got = []; window.opened = 0; window.ended = "";
  const source = new EventSource("/v1/processes/p/channels/out/entries?format=text&after=0");
  source.onopen = () => window.opened++;
  source.onmessage = (event) => window.got.push(event.data);
  source.addEventListener("end", (event) => (window.ended = event.data));
  window.source = source;
</script>`;

/** An EventSource cannot send a token: this front serves the page and adds it, as a proxy of a company would. */
async function startFront(world: ServerWorld): Promise<Server> {
  const token = await world.token("sub");
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const onward = request(world.url + (incoming.url ?? ""), { headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
      response.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    onward.end();
  };
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith("/v1/") === true) forward(incoming, outgoing);
    else outgoing.writeHead(200, { "content-type": "text/html" }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

it("a plain EventSource whose line is cut every second gets every entry once, and stops at the end", async () => {
  await using world = await ServerWorld.create({
    limits: { entriesPerSecond: 1e6, entryBurst: 1e6 },
  });
  await world.createProcess();
  const front = await startFront(world);
  const proxy = await TcpProxy.start((front.address() as AddressInfo).port);
  const cutter = setInterval(() => proxy.cutAll(), cutEveryMs);
  const tab = await browser.newPage();
  try {
    await tab.goto(`http://127.0.0.1:${proxy.port}/`);
    // Each entry waits until the reader has some of those before, so that entries fall on every side of the cuts.
    for (let i = 1; i <= entryCount; i++) {
      await world.append(`entry ${i}`, `?producer=w&sequence=${i}`);
      if (i % 50 === 0) {
        const cuts = proxy.connectionCount;
        await expect.poll(() => proxy.connectionCount, { timeout: 20_000 }).toBeGreaterThan(cuts);
      }
    }
    await world.request("exe", "POST", "/v1/processes/p/close", {
      json: { outcome: { status: "success" } },
    });
    await tab.waitForFunction("window.source.readyState === EventSource.CLOSED", undefined, {
      timeout: 30_000,
    });
    const { got, opened, ended } = await tab.evaluate<{
      got: string[];
      opened: number;
      ended: string;
    }>("({ got: window.got, opened: window.opened, ended: window.ended })");
    expect(got).toEqual(Array.from({ length: entryCount }, (_, i) => `entry ${i + 1}`));
    expect(opened).toBeGreaterThan(5);
    expect(JSON.parse(ended)).toMatchObject({ reason: "closed", outcome: { status: "success" } });
  } finally {
    clearInterval(cutter);
    await tab.close();
    await proxy.close();
    front.closeAllConnections();
    front.close();
  }
}, 90_000);
