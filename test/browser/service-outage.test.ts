import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { Jobwire, type Channel, type SendReceipt } from "../../src/client/node.ts";
import { CliWorld } from "../cli-world.ts";
import { ClientSite, readBy } from "./client-site.ts";

const awayMs = 60_000;
const streamMs = 100;
/** Longest that a client waits between two attempts. */
const retryMsMax = 5_000;
/** How late a timer may be on a machine that runs other tests as well. */
const lateMsMax = 2_000;

/** A state of the page's connection or reader. */
interface Observation {
  readonly of: "connection" | "reader";
  readonly kind: string;
  readonly atMs: number;
  readonly retryInMs?: number;
}

declare global {
  interface Window {
    observations: Observation[];
    sent: Promise<SendReceipt>[];
    acknowledgedCount: number;
    stopSending: () => void;
  }
}

beforeAll(() => ensureBuilt());

/** Notes each state with its time, and sends without a pause until it is told to stop. */
async function beginSending(page: Page): Promise<void> {
  await page.evaluate((everyMs) => {
    window.observations = [];
    window.wire.onState((state) => {
      window.observations.push({ atMs: Date.now(), of: "connection", ...state });
    });
    window.out.onState(({ kind }) => {
      window.observations.push({ atMs: Date.now(), of: "reader", kind });
    });
    const channel = window.wire.process("p").channel("in");
    window.sent = [];
    window.acknowledgedCount = 0;
    const timer = setInterval(() => {
      const one = channel.send(`page ${window.sent.length + 1}`);
      window.sent.push(one);
      void one.then(() => window.acknowledgedCount++);
    }, everyMs);
    window.stopSending = () => clearInterval(timer);
  }, streamMs);
}

/** The connection's first state of a kind since a time, once there is one. */
async function observe(page: Page, kind: string, sinceMs: number): Promise<Observation> {
  const found = await page.waitForFunction(
    ([awaited, since]) =>
      window.observations.find(
        (one) => one.of === "connection" && one.kind === awaited && one.atMs >= since,
      ),
    [kind, sinceMs] as const,
  );
  return (await found.jsonValue()) as Observation;
}

async function countSent(page: Page): Promise<{ sent: number; acknowledged: number }> {
  return await page.evaluate(() => {
    return { sent: window.sent.length, acknowledged: window.acknowledgedCount };
  });
}

/** Until so many of what the page sends are acknowledged. */
async function hasSent(page: Page, count: number): Promise<void> {
  await page.waitForFunction((least) => window.acknowledgedCount >= least, count);
}

/** Until the page has got so many. */
async function hasRead(page: Page, count: number): Promise<void> {
  await expect
    .poll(async () => (await readBy(page)).length, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(count);
}

/** The other end, which goes on through the outage as the page does. */
class Stream {
  readonly #sent: Promise<SendReceipt>[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(channel: Channel) {
    this.#timer = setInterval(
      () => this.#sent.push(channel.send(`entry ${this.#sent.length + 1}`)),
      streamMs,
    );
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** How many it has sent, once all are acknowledged. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    return (await Promise.all(this.#sent)).length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** All of a process that has ended. */
async function readTexts(channel: Channel): Promise<string[]> {
  const texts: string[] = [];
  for await (const { payload } of channel.entries()) texts.push(new TextDecoder().decode(payload));
  return texts;
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);

it("streams and sends through a minute without the service, and is back with it", async () => {
  await using site = await ClientSite.create();
  await using world = await CliWorld.create(["--allow-origin", site.origin]);
  const service = { url: world.url, token: await world.token() };
  const wire = new Jobwire(service);
  const process = wire.process("p");
  await wire.createProcess({ id: "p", channels: [{ name: "out" }, { name: "in" }] });
  using stream = new Stream(process.channel("out"));
  const page = await site.open("/", service);
  await beginSending(page);
  await Promise.all([hasRead(page, 20), hasSent(page, 20)]);

  const killedAtMs = Date.now();
  await world.stopServer("SIGKILL");
  const { atMs: lostAtMs } = await observe(page, "waiting", killedAtMs);
  const before = await countSent(page);
  // What is tested is the time itself: a minute in which nobody answers and the waits between attempts grow.
  await delay(awayMs);
  const after = await countSent(page);
  expect(after.sent).toBeGreaterThan(before.sent + 100);
  expect(after.acknowledged).toBe(before.acknowledged);

  await world.serve(Number(new URL(world.url).port));
  const servedAtMs = Date.now();
  const { atMs: liveAtMs } = await observe(page, "live", lostAtMs);
  const seen = await page.evaluate(() => window.observations);
  const isAway = ({ atMs }: Observation) => atMs >= lostAtMs && atMs < liveAtMs;
  const attempts = seen.filter((one) => one.of === "connection" && isAway(one));
  expect(new Set(attempts.map(({ kind }) => kind))).toEqual(new Set(["waiting", "connecting"]));
  const waitsMs = attempts.map(({ retryInMs = 0 }) => retryInMs);
  expect(Math.max(...waitsMs)).toBeLessThanOrEqual(retryMsMax);
  expect((attempts.at(-1)?.atMs ?? 0) - servedAtMs).toBeLessThan(retryMsMax + lateMsMax);
  const reader = seen.filter(({ of, atMs }) => of === "reader" && atMs < liveAtMs);
  expect(reader.at(-1)?.kind).toBe("connecting");
  expect(reader.filter(isAway).every(({ kind }) => kind === "connecting")).toBe(true);

  const { sent: sentCount } = await countSent(page);
  await Promise.all([hasRead(page, stream.sentCount + 20), hasSent(page, sentCount + 20)]);
  const streamed = await stream.stop();
  const sent = await page.evaluate(async () => {
    window.stopSending();
    return (await Promise.all(window.sent)).length;
  });
  await process.close({ status: "success" });
  await expect.poll(() => readBy(page), { timeout: 30_000 }).toHaveLength(streamed);
  expect(await readBy(page)).toEqual(numbered("entry", streamed));
  expect(await readTexts(process.channel("in"))).toEqual(numbered("page", sent));
  await wire.close();
}, 180_000);
