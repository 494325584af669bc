import type { System } from "../../src/core/system.ts";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import type { SegmentLogStoreOptions } from "../../src/stores/segment-log/store-opening.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { nextTurn, SeededScheduler } from "./seeded-scheduler.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const idleTurnsMax = 10;
const idleMs = 100;

/** A store on a simulated disk and all that makes it go on, for a test that says itself what happens. */
export class StoreWorld {
  readonly random: (below: number) => number;
  readonly scheduler: SeededScheduler;
  readonly disk: SimulatedDisk;
  readonly clock = new FakeClock();

  constructor(seed = 1) {
    this.random = createSeededRandom(seed);
    this.scheduler = new SeededScheduler(this.random);
    this.disk = new SimulatedDisk(this.random, this.scheduler);
  }

  get system(): System {
    const randomId = (length: number): string =>
      Array.from({ length }, () => this.random(36).toString(36)).join("");
    return { clock: this.clock, randomId };
  }

  open(options: Partial<SegmentLogStoreOptions> = {}): Promise<SegmentLogStore> {
    const directory = this.disk.openDirectory();
    const { system } = this;
    return this.drive(
      SegmentLogStore.open({ directory, system, segmentBytes: 8 * 1024, ...options }),
    );
  }

  /** Lets everything go on until this is settled; time passes where nothing else would happen. */
  async drive<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    for (await nextTurn(); !isSettled;) await this.step();
    return await settled;
  }

  /** Lets one thing go on. */
  async step(): Promise<void> {
    for (let idleTurns = 0; this.scheduler.isIdle; idleTurns++) {
      if (idleTurns > idleTurnsMax) return this.clock.advance(idleMs);
      await nextTurn();
    }
    await this.scheduler.step();
  }

  kill(): void {
    this.scheduler.withdrawAll();
    this.disk.kill();
  }

  losePower(): void {
    this.scheduler.withdrawAll();
    this.disk.losePower();
  }
}
