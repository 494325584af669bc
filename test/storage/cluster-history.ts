import { Subjects } from "../../src/stores/jetstream/subjects.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { HistoryChecker } from "../../src/testing/history-checker.ts";
import type { HistoryEvent } from "../../src/testing/history-events.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { ClusterClient, channels } from "./cluster-clients.ts";
import { ClusterDisturbance } from "./cluster-disturbance.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { ClusterParts } from "./cluster-node.ts";
import { ClusterReader } from "./cluster-reader.ts";
import { ClusterTruth } from "./cluster-truth.ts";
import { askUntilAnswered, submitter } from "./cluster-world.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import { describe } from "./observed-store.ts";
import { nextTurn, SeededScheduler } from "./seeded-scheduler.ts";
import { SentCalls } from "./sent-calls.ts";
import { SimulatedNats } from "./simulated-nats.ts";

/** What happened in a history, to see that it did not pass for want of events. */
export interface ClusterHistoryReport {
  readonly steps: number;
  readonly messages: number;
  /** Of those, the heads that are messages of their own. */
  readonly heads: number;
  readonly crashes: number;
  readonly cuts: number;
  readonly lateWrites: number;
}

const clientCount = 4;
const stepsMax = 100_000;
const idleTurnsMax = 3;
const idleMs = 100;
/** Time in which everything that nobody waits for has to be done. */
const settleMs = 20_000;
const endMs = 5_000;
const eventsShown = 60;

/** A random history by one seed. Throws what was found, with the seed and the last events. */
export async function runClusterHistory(
  seed: number,
  parts: ClusterParts,
): Promise<ClusterHistoryReport> {
  const history = new ClusterHistory(seed, parts);
  try {
    return await history.run();
  } catch (error) {
    throw new SuiteFailure(
      `seed ${seed} (again with JOBWIRE_TEST_SEED=${seed}): ${describe(error)}\n${history.describeEvents()}`,
    );
  }
}

class ClusterHistory implements ClusterWorld {
  readonly random: (below: number) => number;
  readonly scheduler: SeededScheduler;
  readonly clock = new FakeClock();
  readonly truth: ClusterTruth;
  readonly calls: SentCalls;
  readonly mayBeStale: boolean;
  readonly hasLargeHeads: boolean;
  readonly #nats: SimulatedNats;
  readonly #parts: ClusterParts;
  readonly #checker = new HistoryChecker();
  readonly #events: (HistoryEvent | string)[] = [];
  readonly #nodes: ClusterNode[] = [];
  /** Those, and others that are told to stop and have not ended yet. */
  #running: ClusterNode[] = [];
  readonly #readers: ClusterReader[];
  readonly #processIds: readonly string[];
  readonly #disturbance: ClusterDisturbance;
  readonly #skews: readonly number[];
  #nameCount = 0;
  #nodeCount = 0;
  #messageCount = 0;
  #failure: unknown;
  #isSettling = false;
  #isOver = false;

  constructor(seed: number, parts: ClusterParts) {
    this.random = createSeededRandom(seed);
    this.#parts = parts;
    this.mayBeStale = this.random(5) === 0;
    this.hasLargeHeads = this.random(3) === 0;
    this.scheduler = new SeededScheduler(this.random);
    this.truth = new ClusterTruth(
      (event) => this.observe(event),
      (record) => this.calls.beginLife(record),
    );
    this.calls = new SentCalls(this.truth, (event) => this.observe(event));
    const subjects = new Subjects("sim", 1 + this.random(2));
    this.#nats = new SimulatedNats(subjects, this.random, this.scheduler, this.clock);
    this.#nats.onWritten = (message) => {
      this.#messageCount++;
      this.truth.take(message);
    };
    this.#processIds = this.hasLargeHeads ? ["a"] : ["a", "b"];
    this.#skews = Array.from({ length: 2 + this.random(2) }, () => this.random(10_000));
    this.#readers = this.#processIds.flatMap((id) =>
      channels.flatMap(({ name }) =>
        [1, 2].map((n) => new ClusterReader(this, `reader${n} of ${id} ${name}`, id, name)),
      ),
    );
    this.#disturbance = new ClusterDisturbance(this, this.#nats, this.#nodes);
  }

  async run(): Promise<ClusterHistoryReport> {
    const reading = this.#readers.map((reader) => reader.run(() => this.#isOver));
    for (const promise of reading) promise.catch((error: unknown) => (this.#failure ??= error));
    this.#disturbance.begin();
    await this.#drive(this.#work());
    this.note("settle");
    this.#isSettling = true;
    this.#disturbance.end();
    await this.#pass(settleMs);
    this.#requireSettled();
    await this.#drive(this.#closeAll());
    await this.#pass(endMs);
    this.#requireSettled();
    this.#isOver = true;
    await this.#readAll();
    this.#checker.finish();
    return {
      steps: this.scheduler.stepCount,
      messages: this.#messageCount,
      heads: this.truth.headCount,
      ...this.#disturbance.counts,
    };
  }

  describeEvents(): string {
    return this.#events
      .slice(-eventsShown)
      .map((event) => (typeof event === "string" ? event : JSON.stringify(event).slice(0, 220)))
      .join("\n");
  }

  pickNode(): ClusterNode | undefined {
    const up = this.#nodes.filter(({ isUp }) => isUp);
    return up[this.random(Math.max(1, up.length))];
  }

  observe(event: HistoryEvent): void {
    this.#events.push(event);
    this.#checker.observe(event);
  }

  note(what: string): void {
    this.#events.push(`-- ${what}, step ${this.scheduler.stepCount}`);
  }

  nextName(prefix: string): string {
    return `${prefix}${++this.#nameCount}`;
  }

  async #work(): Promise<void> {
    const operations = this.hasLargeHeads ? 50 : 20;
    const work = async (name: string): Promise<void> => {
      const client = new ClusterClient(this, name, this.#processIds);
      for (let left = operations; left > 0; left--) {
        await client.operate();
        await this.scheduler.pause();
      }
    };
    await Promise.all(Array.from({ length: clientCount }, (_, n) => work(`client${n}`)));
  }

  async #closeAll(): Promise<void> {
    for (const { id, outcome } of this.truth.processes) {
      if (outcome !== undefined) continue;
      const answer = await askUntilAnswered(this, (broker) =>
        broker.closeProcess(submitter, id, { status: "success" }),
      );
      if (answer.kind !== "done") throw new SuiteFailure(`${id} could not be closed`);
    }
  }

  /** Everything is done that nobody waits for, and every reader has all there is. */
  #requireSettled(): void {
    for (const record of this.truth.processes) {
      if (record.settling !== undefined)
        throw new SuiteFailure(`${record.id} is not settled: ${JSON.stringify(record.settling)}`);
      const lacks = this.#readers.map((reader) => reader.lackOf(record));
      const lack = lacks.find((each) => each !== undefined);
      if (lack !== undefined) throw new SuiteFailure(lack);
    }
  }

  /** Whoever reads the streams from the beginning finds what was acknowledged. */
  async #readAll(): Promise<void> {
    for (const log of this.truth.logs) {
      const read = `last of ${log}`;
      this.observe({ kind: "readSent", log, read });
      const after = this.truth.headOf(log)?.last ?? 0;
      const place = { log, client: "stream", after, entries: [], isEnd: true } as const;
      this.observe({ kind: "readAnswered", ...place, read });
    }
  }

  /** Lets everything go on until this is settled. */
  async #drive<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    for (await nextTurn(); !isSettled;) await this.#step();
    return settled;
  }

  async #pass(ms: number): Promise<void> {
    const until = this.clock.monotonicMs() + ms;
    while (this.clock.monotonicMs() < until) await this.#step();
  }

  async #step(): Promise<void> {
    this.#requireRight();
    this.#keepRunning();
    if (!this.#isSettling) this.#disturbance.step();
    for (let turns = 0; this.scheduler.isIdle; turns++) {
      if (turns > idleTurnsMax) return this.#advance(idleMs);
      await nextTurn();
    }
    await this.scheduler.step();
  }

  /** Time passes, for everybody. */
  #advance(ms: number): void {
    this.clock.advance(ms);
    this.#running = this.#running.filter(({ hasEnded }) => !hasEnded);
    for (const { clock } of this.#running) clock.advance(ms);
  }

  #requireRight(): void {
    this.#checker.requireNoViolation();
    const [problem] = this.truth.problems;
    if (problem !== undefined) throw new SuiteFailure(problem);
    if (this.#failure !== undefined) throw this.#failure as Error;
    if (this.scheduler.stepCount > stepsMax)
      throw new SuiteFailure(`goes on after ${stepsMax} steps`);
  }

  /** Nodes that have stopped are started again, by and by. */
  #keepRunning(): void {
    for (const [index, skewMs] of this.#skews.entries()) {
      const node = this.#nodes[index];
      if (node?.isDown === false || (node !== undefined && !this.#mayStart())) continue;
      const next = this.#createNode(skewMs);
      this.#nodes[index] = next;
      this.#running.push(next);
      this.note(`${next.name} starts`);
      next.start().catch((error: unknown) => (this.#failure ??= error));
    }
  }

  #mayStart(): boolean {
    return this.#isSettling || this.random(100) === 0;
  }

  #createNode(skewMs: number): ClusterNode {
    const { random } = this;
    const limits = {
      ...{ readEntriesMax: 4, channelIdleMs: 3_000 },
      windowBytesMax: [0, 500, 100_000][random(3)] ?? 0,
      pageBytesMax: random(2) * 1_000,
      openChannelsMax: [0, 2, 100][random(3)] ?? 0,
    };
    const randomId = (length: number): string =>
      Array.from({ length }, () => random(36).toString(36)).join("");
    return new ClusterNode(`node${++this.#nodeCount}`, this.#nats, this.#parts, {
      ...{ limits, skewMs, randomId },
      settleMs: 500 + random(3_000),
    });
  }

  /** Used by what disturbs. */
  advance(ms: number): void {
    this.#advance(ms);
  }
}
