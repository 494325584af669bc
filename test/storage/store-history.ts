import type { System } from "../../src/core/system.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { SyncMode } from "../../src/stores/segment-log/log-writer.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { HistoryChecker } from "../../src/testing/history-checker.ts";
import type { HistoryEvent } from "../../src/testing/history-events.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { LossBound } from "./loss-bound.ts";
import { describe, ObservedStore } from "./observed-store.ts";
import type { StoreLife } from "./observed-store.ts";
import { nextTurn, SeededScheduler } from "./seeded-scheduler.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { sectorBytes } from "./simulated-file.ts";
import { StoreClients } from "./store-clients.ts";
import type { OpenStore, TestedStore } from "./tested-store.ts";

export interface StoreHistoryOptions {
  readonly open: OpenStore;
  /** Operations of all clients together. */
  readonly operations?: number;
  readonly clients?: number;
  /** Largest payload of an entry; a batch has up to four. */
  readonly payloadBytesMax?: number;
  /** What the store promises to keep over a power loss. */
  readonly sync?: SyncMode;
  /** False: programs are killed, and the machine and its disk do nothing wrong. */
  readonly isMachineFaulty?: boolean;
}

/** What happened in a history, to see that it did not pass for want of events. */
export interface StoreHistoryReport {
  readonly operations: number;
  readonly steps: number;
  readonly kills: number;
  readonly powerLosses: number;
  readonly crashesWhileOpening: number;
  readonly faults: number;
}

type HistoryLife = StoreLife & { isOver: boolean };

const idleTurnsMax = 10;
const idleAdvancesMax = 500;
/** Many times what a history takes: a store that is at work for ever has to be noticed as well. */
const stepsMax = 200_000;
/** Time that passes at once, at most. */
const passMs = 200;
const eventsShown = 60;
/** Operations in one life of the store, at most. */
const operationsPerLife = 50;

/** Seeds from 1, or only the one that `JOBWIRE_TEST_SEED` names. */
export function seedsToRun(count: number): readonly number[] {
  const seed = process.env.JOBWIRE_TEST_SEED;
  return seed === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(seed)];
}

/** A random history by one seed. Throws what the checker found, with the seed and the last events. */
export async function runStoreHistory(
  seed: number,
  options: StoreHistoryOptions,
): Promise<StoreHistoryReport> {
  const history = new StoreHistory(seed, options);
  try {
    return await history.run();
  } catch (error) {
    throw new SuiteFailure(
      `seed ${seed} (again with JOBWIRE_TEST_SEED=${seed}): ${describe(error)}\n${history.describeEvents()}`,
    );
  }
}

class StoreHistory {
  readonly #options: Required<StoreHistoryOptions>;
  readonly #random: (below: number) => number;
  readonly #scheduler: SeededScheduler;
  readonly #disk: SimulatedDisk;
  readonly #checker = new HistoryChecker();
  readonly #clients: StoreClients;
  readonly #events: (HistoryEvent | string)[] = [];
  #clock = new FakeClock();
  #nameCount = 0;
  #operationsLeft: number;
  /** A store may ask for a healthy disk to be opened again. */
  #failedToOpen = false;
  #stepsToCrash = Infinity;
  readonly #lossBound: LossBound;
  /** Something that was acknowledged may not be on disk. */
  #isUnclean = false;
  readonly #counts = { kills: 0, powerLosses: 0, crashesWhileOpening: 0 };

  constructor(seed: number, options: StoreHistoryOptions) {
    this.#random = createSeededRandom(seed);
    const operations = options.operations ?? 60 + this.#random(91);
    this.#options = {
      ...{ clients: 4, payloadBytesMax: 20_000, sync: "always", isMachineFaulty: true },
      ...options,
      operations,
    };
    this.#operationsLeft = operations;
    this.#scheduler = new SeededScheduler(this.#random);
    this.#disk = new SimulatedDisk(this.#random, this.#scheduler);
    this.#clients = new StoreClients(this.#random, this.#options.payloadBytesMax);
    this.#lossBound = new LossBound(this.#options.sync, passMs);
  }

  async run(): Promise<StoreHistoryReport> {
    while (this.#operationsLeft > 0) await this.#runLife(true);
    // The last word: everything is there for a store that nothing disturbs.
    while (!(await this.#runLife(false)));
    this.#checker.finish();
    return {
      operations: this.#options.operations,
      steps: this.#scheduler.stepCount,
      faults: this.#disk.faultCount,
      ...this.#counts,
    };
  }

  describeEvents(): string {
    return this.#events
      .slice(-eventsShown)
      .map((event) => (typeof event === "string" ? event : JSON.stringify(event).slice(0, 200)))
      .join("\n");
  }

  /** Opens the store, works, and ends it in some way. True if it got to its end undisturbed. */
  async #runLife(isDisturbed: boolean): Promise<boolean> {
    const life = this.#beginLife(isDisturbed);
    const opened = await this.#open(life);
    if (opened === undefined) return false;
    this.#lossBound.settle(this.#checker.eventCount);
    this.#lossBound.begin();
    this.#isUnclean = true;
    const store = new ObservedStore(opened, life);
    if ((await this.#drive(life, this.#clients.lookAtAll(store))) === undefined) return false;
    if (!isDisturbed) return true;
    if ((await this.#drive(life, this.#work(store, life))) === undefined) return false;
    if (this.#random(2) === 0) {
      this.#note("close");
      // From now on only the store knows whether it was closed.
      this.#isUnclean = false;
      if ((await this.#drive(life, store.close())) === undefined) return false;
      if (!life.wasFaulty) this.#lossBound.settle(this.#checker.eventCount);
    }
    this.#crash(life);
    return true;
  }

  #beginLife(isDisturbed: boolean): HistoryLife {
    const disk = this.#disk;
    const faultsBefore = disk.faultCount;
    this.#clock = new FakeClock(this.#clock.now() + 1_000);
    disk.capacityBytes = Infinity;
    this.#stepsToCrash = isDisturbed ? this.#pickCrash() : Infinity;
    const mayFail = isDisturbed && !this.#failedToOpen && this.#options.isMachineFaulty;
    if (mayFail && this.#random(3) === 0) this.#planFaults();
    return {
      isOver: false,
      get wasFaulty() {
        return disk.faultCount > faultsBefore;
      },
      observe: (event) => this.#observe(event),
      nextName: (prefix) => `${prefix}${++this.#nameCount}`,
    };
  }

  async #open(life: HistoryLife): Promise<TestedStore | undefined> {
    this.#note("open");
    const system: System = { clock: this.#clock, randomId: (length) => this.#randomId(length) };
    try {
      const opening = this.#options.open(this.#disk.openDirectory(), system, {
        bootId: `boot${this.#counts.powerLosses}`,
        usesCheckpoint: this.#random(3) > 0,
      });
      const opened = await this.#drive(life, opening);
      if (opened === undefined) this.#counts.crashesWhileOpening++;
      this.#failedToOpen = false;
      return opened?.value;
    } catch (error) {
      if (error instanceof SuiteFailure) throw error;
      if (!life.wasFaulty)
        throw new SuiteFailure(`opening failed without a fault: ${describe(error)}`);
      this.#note(`open failed: ${String(error)}`);
      this.#failedToOpen = true;
      this.#crash(life);
      return undefined;
    }
  }

  async #work(store: ObservedStore, life: HistoryLife): Promise<void> {
    let left = Math.min(this.#operationsLeft, 1 + this.#random(operationsPerLife));
    const work = async (client: string): Promise<void> => {
      while (left-- > 0) {
        this.#operationsLeft--;
        await this.#clients.operate(store, client, life);
        await this.#scheduler.pause();
      }
    };
    await Promise.all(Array.from({ length: this.#options.clients }, (_, i) => work(`client${i}`)));
  }

  /** Lets everything go on until this is settled. Undefined where a crash came first. */
  async #drive<Value>(
    life: HistoryLife,
    promise: Promise<Value>,
  ): Promise<{ readonly value: Value } | undefined> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    let idleTurns = 0;
    for (await nextTurn(); !isSettled;) {
      if (this.#scheduler.isIdle) {
        await nextTurn();
        if (this.#scheduler.isIdle && ++idleTurns > idleTurnsMax) this.#passIdleTime(idleTurns);
        continue;
      }
      idleTurns = 0;
      if (life.wasFaulty) this.#lossBound.end();
      if (this.#random(50) === 0) this.#pass(this.#random(passMs));
      if (this.#random(200) === 0) this.#disk.capacityBytes = Infinity;
      if (this.#scheduler.stepCount > stepsMax)
        throw new SuiteFailure(`goes on after ${stepsMax} calls to the disk`);
      await this.#scheduler.step();
      if (--this.#stepsToCrash > 0) continue;
      this.#crash(life);
      return undefined;
    }
    return { value: await settled };
  }

  #passIdleTime(idleTurns: number): void {
    if (this.#clock.pendingTimers === 0 || idleTurns > idleTurnsMax + idleAdvancesMax)
      throw new SuiteFailure("the store waits, and nothing will ever happen");
    this.#pass(passMs / 2);
  }

  #pass(ms: number): void {
    if (!this.#disk.isSyncing) this.#lossBound.pass(ms, this.#checker.eventCount);
    this.#clock.advance(ms);
  }

  #crash(life: HistoryLife): void {
    life.isOver = true;
    this.#scheduler.withdrawAll();
    const isSynced = this.#options.sync === "always";
    // A failed sync may lose what was shown, and a kill may come before the store has noted that it failed.
    const mayKill = isSynced || !life.wasFaulty;
    const isPowerLoss = this.#options.isMachineFaulty && (!mayKill || this.#random(2) === 0);
    if (isPowerLoss) {
      this.#disk.losePower();
      this.#counts.powerLosses++;
    } else {
      this.#disk.kill();
      this.#counts.kills++;
    }
    this.#note(isPowerLoss ? "power loss" : "kill");
    this.#lossBound.end();
    const mayLose = isPowerLoss && !isSynced;
    this.#observe({ kind: "crashed", mayLose, keptEvents: this.#lossBound.keptEvents });
    if (mayLose) this.#clients.stop(this.#isUnclean ? "required" : "allowed");
  }

  #pickCrash(): number {
    return [this.#random(40), this.#random(400), this.#random(2_000), Infinity][
      this.#random(4)
    ] as number;
  }

  #planFaults(): void {
    if (this.#random(4) === 0) {
      this.#disk.capacityBytes = this.#disk.usedBytes + this.#random(64) * sectorBytes;
      return;
    }
    const faults = ["EIO", "ENOSPC", "short"] as const;
    const kinds = ["any", "write", "sync", "syncDirectory", "rename", "read"] as const;
    for (let count = 1 + this.#random(2); count > 0; count--) {
      const kind = kinds[this.#random(kinds.length)] ?? "any";
      const fault = faults[this.#random(faults.length)] ?? "EIO";
      this.#disk.planFault(fault, { kind, nth: 1 + this.#random(kind === "any" ? 300 : 40) });
    }
  }

  #randomId(length: number): string {
    return Array.from({ length }, () => this.#random(36).toString(36)).join("");
  }

  #note(what: string): void {
    this.#events.push(`-- ${what}, step ${this.#scheduler.stepCount}`);
  }

  #observe(event: HistoryEvent): void {
    this.#events.push(event);
    this.#checker.observe(event);
    this.#checker.requireNoViolation();
  }
}
