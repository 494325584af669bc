import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { signToken } from "../server-world.ts";
import { ClientPages } from "./client-page.ts";
import { readBy } from "./client-site.ts";

beforeAll(() => ensureBuilt());

const entries = (count: number) => Array.from({ length: count }, (_, i) => `entry ${i + 1}`);
const hasRead = (page: Page, count: number) =>
  expect.poll(() => readBy(page), { timeout: 30_000 }).toHaveLength(count);

describe("the client in a browser", () => {
  it("goes on after reloads in the middle of a stream, with nothing lost and nothing twice", async () => {
    await using pages = await ClientPages.create();
    const page = await pages.open();

    for (let round = 0; round < 4; round++) {
      await pages.append(round * 20 + 1, round * 20 + 10);
      await hasRead(page, round * 20 + 10);
      const appending = pages.append(round * 20 + 11, round * 20 + 20);
      await page.reload();
      await appending;
    }
    await hasRead(page, 80);

    expect(await readBy(page)).toEqual(entries(80));
  });

  it("goes on when the browser was offline, and when the service was away", async () => {
    await using pages = await ClientPages.create();
    const page = await pages.open();
    await pages.append(1, 10);
    await hasRead(page, 10);

    await pages.context.setOffline(true);
    pages.proxy.cutAll();
    await pages.append(11, 20);
    await pages.context.setOffline(false);
    await hasRead(page, 20);

    pages.proxy.refuse();
    pages.proxy.cutAll();
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          window.wire.onState(({ kind }) => {
            if (kind === "waiting") resolve();
          });
        }),
    );
    await pages.append(21, 30);
    pages.proxy.accept();
    await hasRead(page, 30);

    expect(await readBy(page)).toEqual(entries(30));
  });

  it("adds what two tabs of one identity send at once, each entry once and each tab's in order", async () => {
    await using pages = await ClientPages.create();
    const tabs = [await pages.open(), await pages.open()];
    const send = (page: Page, name: string) =>
      page.evaluate(async (tab) => {
        const channel = window.wire.process("p").channel("in");
        await channel.sendMany(Array.from({ length: 50 }, (_, i) => `${tab} ${i}`));
      }, name);

    await Promise.all([send(tabs[0]!, "a"), send(tabs[1]!, "b")]);

    const got = await tabs[0]!.evaluate(async () => {
      const texts: string[] = [];
      for await (const entry of window.wire.process("p").channel("in").entries())
        if (texts.push(new TextDecoder().decode(entry.payload)) === 100) break;
      return texts;
    });
    for (const tab of ["a", "b"])
      expect(got.filter((text) => text.startsWith(tab))).toEqual(
        Array.from({ length: 50 }, (_, i) => `${tab} ${i}`),
      );
  });

  it("works in a web worker", async () => {
    await using pages = await ClientPages.create();
    const page = await pages.open();

    const settings = { url: pages.url, token: await signToken("sub") };
    const position = await page.evaluate(
      (data) =>
        new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onmessage = (event) => resolve(event.data);
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage(data);
        }),
      settings,
    );

    expect(position).toBe(1);
  });
});
