import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { ensureBuilt } from "../../../scripts/ensure-built.mjs";
import { ServerWorld, signToken } from "../../server-world.ts";
import { findBrowser } from "../browser-page.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const consoleDirectory = join(root, "dist", "console");
const screenshotDirectory = join(root, "test-output", "screenshots");

export interface Scene {
  readonly colorScheme?: "dark" | "light";
  readonly viewport?: { readonly width: number; readonly height: number };
}

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

/** A server with the built console, and a real browser. */
export class ConsoleWorld {
  readonly server: ServerWorld;
  readonly #browser: Browser;
  /** Errors of scripts, and what the policy of a page did not permit. */
  #complaints: string[] = [];

  private constructor(server: ServerWorld, browser: Browser) {
    this.server = server;
    this.#browser = browser;
  }

  static async create(
    options: Parameters<typeof ServerWorld.create>[0] = {},
  ): Promise<ConsoleWorld> {
    const server = await ServerWorld.create({ consoleDirectory, ...options });
    const browser = await chromium.launch({
      executablePath: findBrowser(),
      // Chromium refuses its sandbox to root, which is who runs tests in a container.
      chromiumSandbox: process.getuid?.() !== 0,
    });
    return new ConsoleWorld(server, browser);
  }

  /** As another person's browser would be: nothing is shared with other contexts. */
  async context({ colorScheme = "dark", viewport = desktop }: Scene = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ colorScheme, viewport, locale: "en" });
    context.on("weberror", (event) => {
      const error = event.error();
      this.#complaints.push(`${String(error)} in ${event.page()?.url()}: ${error.stack}`);
    });
    context.on("console", (message) => {
      // Violations of a policy are logged here, too. A refusal is told by the page, and no error of it.
      const isRefusal = /^Failed to load resource|^WebSocket connection/.test(message.text());
      if (message.type() !== "error" || isRefusal) return;
      const { url, lineNumber } = message.location();
      this.#complaints.push(`${message.text()} at ${url}:${lineNumber}`);
    });
    return context;
  }

  /** What pages have complained of since the last time. */
  takeComplaints(): readonly string[] {
    const complaints = this.#complaints;
    this.#complaints = [];
    return complaints;
  }

  get url(): string {
    return this.server.url;
  }

  /** A page that is signed in as `ada`, at a place of the console. */
  async open(place = "#/", scene: Scene = {}, identity = "ada"): Promise<Page> {
    const context = await this.context(scene);
    const page = await context.newPage();
    const code = await this.code(identity);
    const to = encodeURIComponent(place.slice(1));
    await page.goto(`${this.server.url}/#code=${code}&to=${to}`);
    await page.locator(".app-main").waitFor();
    return page;
  }

  /** Signs in once. */
  async code(identity = "ada", claims: Record<string, unknown> = {}): Promise<string> {
    const token = await signToken(identity, claims);
    const response = await fetch(`${this.server.url}/v1/sign-in/codes`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await response.json()) as { readonly code: string }).code;
  }

  /** Throws what the server refuses. */
  async request(path: string, init: Parameters<ServerWorld["request"]>[3], method = "POST") {
    const response = await this.server.request("ada", method, path, init);
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response;
  }

  async create(spec: Record<string, unknown>): Promise<void> {
    const json = { channels: [{ name: "stdout" }], ...spec };
    await this.request("/v1/processes", { json });
  }

  async close(id: string, outcome: Record<string, unknown> = { status: "success" }): Promise<void> {
    await this.request(`/v1/processes/${id}/close`, { json: { outcome } });
  }

  async append(id: string, payload: string): Promise<void> {
    await this.request(`/v1/processes/${id}/channels/stdout/entries`, { body: payload });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** One for all tests of a file, of which none may leave a page with something to complain of. */
export function shareConsole(take: (world: ConsoleWorld) => void): void {
  let world: ConsoleWorld | undefined;
  beforeAll(async () => {
    ensureBuilt();
    world = await ConsoleWorld.create();
    take(world);
  });
  // As text: of a list that differs only the difference is printed, and not to its end.
  afterEach(() => expect(world?.takeComplaints().join("\n")).toBe(""));
  afterAll(() => world?.[Symbol.asyncDispose]());
}

/** For people to look at, in test-output/screenshots. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotDirectory, { recursive: true });
  await page.screenshot({ path: join(screenshotDirectory, `${name}.png`), animations: "disabled" });
}
