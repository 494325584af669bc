import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDeferred } from "../../src/core/deferred.ts";
import type { Deferred } from "../../src/core/deferred.ts";
import { HistoryChecker } from "../../src/testing/history-checker.ts";
import type { LogEvent } from "../../src/testing/history-events.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { signToken } from "../server-world.ts";
import { ErraticLine } from "./erratic-line.ts";
import { StoreServer } from "./store-server.ts";

const segmentBytes = 128 * 1024;
const heartbeatMs = 3_000;

export const tortureProcess = "p";
export const tortureChannel = "out";

/** Of one epoch of the channel, what is checked on its own: positions of another one mean nothing. */
type Observation<Event = LogEvent> = Event extends LogEvent ? Omit<Event, "log"> : never;

/** A server behind an erratic line, which is killed, started again, and put back to an older copy of its store. */
export class TortureWorld {
  readonly checker = new HistoryChecker();
  readonly line: ErraticLine;
  killCount = 0;
  restoreCount = 0;
  readonly #distPath: string;
  readonly #parent = mkdtempSync(join(tmpdir(), "jobwire-torture-"));
  readonly #directory = join(this.#parent, "store");
  readonly #epochs: string[] = [];
  readonly #sent: Extract<Observation, { kind: "appendSent" }>[] = [];
  #server: StoreServer | undefined;
  #spare: StoreServer | undefined;
  #ackCount = 0;
  #awaited: { readonly count: number; readonly deferred: Deferred<void> } | undefined;

  private constructor(distPath: string, line: ErraticLine) {
    this.#distPath = distPath;
    this.line = line;
  }

  /** With the process that everybody works on. */
  static async create(distPath: string, random: (below: number) => number): Promise<TortureWorld> {
    const world = new TortureWorld(distPath, await ErraticLine.start(random));
    try {
      await world.start();
      const channels = [{ name: tortureChannel }];
      await world.request("POST", "/v1/processes", { id: tortureProcess, channels }, "sub");
      await world.#noteEpoch();
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How many epochs the channel has had before the present one. */
  get epoch(): number {
    return this.#epochs.length - 1;
  }

  /** Of an epoch as cursors name it. */
  epochOf(name: string): number {
    const epoch = this.#epochs.indexOf(name);
    if (epoch < 0) throw new SuiteFailure(`nobody has heard of epoch ${name}`);
    return epoch;
  }

  observe(event: Observation, epoch = this.epoch): void {
    if (event.kind === "appendSent") this.#sent.push(event);
    this.checker.observe({ ...event, log: `out in epoch ${epoch}` });
  }

  noteAck(): void {
    this.#ackCount++;
    if (this.#awaited !== undefined && this.#ackCount >= this.#awaited.count)
      this.#awaited.deferred.resolve();
  }

  /** Resolves when so many sends more were acknowledged, or all of those that there will be. */
  async acks(more: number, all: number): Promise<void> {
    const count = Math.min(this.#ackCount + more, all);
    if (this.#ackCount >= count) return;
    const deferred = createDeferred();
    this.#awaited = { count, deferred };
    await deferred.promise;
  }

  /** Loads the program of the next life. */
  prepare(): void {
    const options = { distPath: this.#distPath, segmentBytes, heartbeatMs };
    this.#spare ??= new StoreServer(this.#directory, options);
  }

  async start(): Promise<void> {
    this.prepare();
    this.#server = this.#spare;
    this.#spare = undefined;
    this.#server?.open();
    const url = await this.#server?.url;
    if (this.epoch >= 0) await this.#noteEpoch();
    this.line.targetPort = Number(new URL(url ?? "").port);
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    await this.#server?.kill();
    this.line.unplug();
    this.killCount++;
    this.requireNoError();
    this.checker.observe({ kind: "crashed", mayLose: false });
  }

  /** Copies the store while it is used. */
  async backUp(): Promise<void> {
    const body = { directory: join(this.#parent, "backup") };
    await this.request("POST", "/v1/store/backups", body, "root", { scope: "admin" });
  }

  /** Everything since the copy is forgotten. */
  async restore(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true });
    renameSync(join(this.#parent, "backup"), this.#directory);
    this.restoreCount++;
    await this.start();
  }

  /** Directly, not over the line. */
  async request(
    method: string,
    path: string,
    json?: object,
    identity = "sub",
    claims: Record<string, unknown> = {},
  ): Promise<unknown> {
    const url = await this.#server?.url;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await signToken(identity, claims)}`,
        "content-type": "application/json",
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    if (!response.ok) throw new SuiteFailure(`${path} was refused: ${await response.text()}`);
    return await response.json();
  }

  /** Throws what the server has reported. */
  requireNoError(): void {
    const errors = this.#server?.errors ?? [];
    if (errors.length > 0) throw new SuiteFailure(`the server reported:\n${errors.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server?.kill(), this.#spare?.kill(), this.line.close()]);
    rmSync(this.#parent, { recursive: true });
  }

  /** In a new one, whatever was sent may be there. */
  async #noteEpoch(): Promise<void> {
    const answer = await this.request("GET", `/v1/processes/${tortureProcess}`);
    const { epoch } = answer as { readonly epoch: string };
    if (this.#epochs.at(-1) === epoch) return;
    this.#epochs.push(epoch);
    for (const event of this.#sent.splice(0)) this.observe(event);
  }
}
