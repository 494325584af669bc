import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Api } from "../../src/cli/api.ts";
import { UnreachableError } from "../../src/cli/api.ts";
import { createDeferred } from "../../src/core/deferred.ts";
import type { Deferred } from "../../src/core/deferred.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { HistoryChecker } from "../../src/testing/history-checker.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import type { ProcessLife } from "./process-life.ts";
import { StoreServer } from "./store-server.ts";

// Small, so that segments, checkpoints and compactions come often.
const segmentBytes = 128 * 1024;
const startMsMax = 30;
const momentMsMax = 4;
/** A start, and one before it that is killed. */
const sparesMax = 2;

/** A server that is killed and started again, and what its clients know of it. */
export class CrashWorld {
  readonly checker = new HistoryChecker();
  /** Processes whose creation was acknowledged and whose deletion was not sent. */
  readonly lives = new Set<ProcessLife>();
  /** Ids of processes whose deletion was acknowledged and that nobody created again. */
  readonly deleted = new Set<string>();
  /** Names of files of the store, seen after each kill. */
  readonly filesSeen = new Set<string>();
  /** Appends that were in doubt and sent again: those that were there by then, and those that were not. */
  readonly retried = { there: 0, added: 0 };
  readonly seed: number;
  /** Clients come to an end instead of beginning anew. */
  isEnding = false;
  killCount = 0;
  readonly #distPath: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "jobwire-crash-"));
  readonly #random: (below: number) => number;
  #server: StoreServer | undefined;
  /** The next lives of the server, which load their program while this one works. */
  readonly #spares: StoreServer[] = [];
  #up = createDeferred<StoreServer>();
  #next = createDeferred();
  #answerCount = 0;
  #underWay = 0;
  #rest = createDeferred();
  #awaited: { readonly count: number; readonly deferred: Deferred<void> } | undefined;
  #isUp = false;
  #isOver = false;
  #isResting = false;
  #nameCount = 0;

  constructor(seed: number, distPath: string) {
    this.#distPath = distPath;
    this.seed = seed;
    this.#random = createSeededRandom(seed);
  }

  get answerCount(): number {
    return this.#answerCount;
  }

  /** Until the next start, for one client at a time: somebody has to give the server work. */
  async rest(): Promise<void> {
    if (this.#isResting || this.isEnding) return;
    this.#isResting = true;
    await this.#next.promise;
    this.#isResting = false;
  }

  nextName(prefix: string): string {
    return `${prefix}-${++this.#nameCount}`;
  }

  async start(): Promise<void> {
    const server = this.#open();
    await server.url;
    this.#isUp = true;
    this.#up.resolve(server);
    this.#next.resolve();
    this.#next = createDeferred();
    while (this.#spares.length < sparesMax && !this.isEnding) this.#spares.push(this.#load());
  }

  /** Starts a server only to kill it while it recovers. */
  async startInVain(): Promise<void> {
    await this.#open().opening;
    await this.#killAfter(this.#random(startMsMax));
  }

  /** Kills it at some moment of the work that this many answers begin. */
  async killAtWork(answers: number): Promise<void> {
    await this.#answers(answers);
    await this.#killAfter(this.#random(momentMsMax));
  }

  /** Kills it as soon as it has answered all that it was asked by then: the last it wrote is acknowledged. */
  async killAtRest(answers: number): Promise<void> {
    await this.#answers(answers);
    this.#stopAsking();
    this.#rest = createDeferred();
    if (this.#underWay > 0) await this.#rest.promise;
    await this.#killAfter(0);
  }

  /** What a living server answers; undefined if it was killed before it did. */
  async ask<Answer>(
    identity: string,
    act: (api: Api) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer } | undefined> {
    const server = await this.#up.promise;
    this.#underWay++;
    try {
      return await this.#ask(server, identity, act);
    } finally {
      if (--this.#underWay === 0) this.#rest.resolve();
    }
  }

  /** As `insist`, for what is answered when there is something to tell. */
  async wait<Answer>(identity: string, act: (api: Api) => Promise<Answer>): Promise<Answer> {
    return await untilHeard(async () => this.#ask(await this.#up.promise, identity, act));
  }

  async #ask<Answer>(
    server: StoreServer,
    identity: string,
    act: (api: Api) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer } | undefined> {
    try {
      const answer = await act(await server.api(identity));
      this.noteAnswer();
      return { answer };
    } catch (error) {
      if (error instanceof UnreachableError && server.wasKilled) return undefined;
      throw error;
    }
  }

  /** Asks again until there is an answer. */
  async insist<Answer>(identity: string, act: (api: Api) => Promise<Answer>): Promise<Answer> {
    return await untilHeard(() => this.ask(identity, act));
  }

  noteAnswer(): void {
    this.#answerCount++;
    if (this.#awaited !== undefined && this.#answerCount >= this.#awaited.count)
      this.#awaited.deferred.resolve();
  }

  /** Throws what the server has reported. */
  requireNoError(): void {
    const errors = this.#server?.errors ?? [];
    if (errors.length > 0) throw new SuiteFailure(`the server reported:\n${errors.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#stopAsking();
    await Promise.all([this.#server?.kill(), ...this.#spares.map((spare) => spare.kill())]);
    rmSync(this.#directory, { recursive: true });
  }

  #load(): StoreServer {
    return new StoreServer(this.#directory, { distPath: this.#distPath, segmentBytes });
  }

  #open(): StoreServer {
    if (this.#isOver) throw new Error("the world is over");
    const server = this.#spares.shift() ?? this.#load();
    server.open();
    this.#server = server;
    return server;
  }

  /** Before a kill, so that no client asks the dead. Who waits for a server goes on waiting for the same. */
  #stopAsking(): void {
    if (this.#isUp) this.#up = createDeferred();
    this.#isUp = false;
  }

  async #answers(count: number): Promise<void> {
    const deferred = createDeferred();
    this.#awaited = { count: this.#answerCount + count, deferred };
    await deferred.promise;
  }

  /** The pause is the random part of the moment; nothing depends on what happens in it. */
  async #killAfter(ms: number): Promise<void> {
    if (ms > 0) await delay(ms);
    this.#stopAsking();
    await this.#server?.kill();
    this.checker.observe({ kind: "crashed", mayLose: false });
    this.killCount++;
    for (const name of readdirSync(this.#directory)) this.filesSeen.add(name);
    this.requireNoError();
  }
}

async function untilHeard<Answer>(
  ask: () => Promise<{ readonly answer: Answer } | undefined>,
): Promise<Answer> {
  for (;;) {
    const heard = await ask();
    if (heard !== undefined) return heard.answer;
  }
}
