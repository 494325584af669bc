import { expect, it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { createSampleRecord } from "../../src/testing/store-samples.ts";
import { withMutant, type Mutant } from "./mutant-source.ts";
import { nextTurn } from "./seeded-scheduler.ts";
import { StoreWorld } from "./store-world.ts";

type StoreClass = typeof SegmentLogStore;

/** Enough for several segments. */
const changesMax = 60;
/** Enough for an opening that has frames to write again. */
const openingStepsMax = 60;
/** Enough for a failed sync of which the disk has kept nothing. */
const failedSyncsMax = 20;
const segmentBytes = 8 * 1024;
/** Turns of the event loop without a call of the disk, after which none is to be expected. */
const idleTurnsMin = 10;

class Moments extends StoreWorld {
  readonly #Store: StoreClass;

  constructor(Store: StoreClass, seed: number) {
    super(seed);
    this.#Store = Store;
  }

  begin(): Promise<SegmentLogStore> {
    const directory = this.disk.openDirectory();
    return this.#Store.open({ directory, system: this.system, segmentBytes });
  }

  /**
   * Acknowledges so many changes of one record, the last of which has that number as its label. Returns what
   * makes the next one.
   */
  async change(count: number): Promise<() => Promise<unknown>> {
    const store = await this.drive(this.begin());
    let revision = await this.drive(store.createRecord(createSampleRecord("p", { label: "1" })));
    for (let label = 2; label <= count; label++) {
      await this.rest();
      const record = createSampleRecord("p", { label: `${label}` });
      revision = await this.drive(store.updateRecord(record, revision));
    }
    const next = createSampleRecord("p", { label: `${count + 1}` });
    return () => this.drive(store.updateRecord(next, revision));
  }

  /** Until all work in the background is done: a sync of its own would hide one that is missing. */
  async rest(): Promise<void> {
    for (let idleTurns = 0; idleTurns < idleTurnsMin; idleTurns++) {
      if (this.scheduler.isIdle) await nextTurn();
      else {
        await this.scheduler.step();
        idleTurns = 0;
      }
    }
  }

  /** Of the newest change that is there. */
  async label(): Promise<string | undefined> {
    const store = await this.drive(this.begin());
    const stored = await this.drive(store.readRecord("p"));
    return stored?.record.label;
  }
}

/** Loses power right behind the acknowledgement of each change. Throws what it finds. */
async function loseBehindEachChange(Store: StoreClass): Promise<void> {
  for (let count = 1; count <= changesMax; count++) {
    const moments = new Moments(Store, count);
    await moments.change(count);
    moments.losePower();
    expect(await moments.label()).toBe(`${count}`);
  }
}

/** Kills a store, and loses power after each step of the opening that follows. Throws what it finds. */
async function loseInEachStepOfOpening(Store: StoreClass): Promise<void> {
  for (let steps = 0; steps < openingStepsMax; steps++) {
    const moments = new Moments(Store, steps + 1);
    await moments.change(2 + (steps % 5));
    moments.kill();
    moments.begin().catch(() => undefined);
    for (let step = 0; step < steps; step++) await moments.step();
    moments.losePower();
    expect(await moments.label()).toBe(`${2 + (steps % 5)}`);
  }
}

/** Loses power once what a failed sync has left in memory only was shown. Throws what it finds. */
async function loseBehindFailedSync(Store: StoreClass): Promise<void> {
  for (let count = 1; count <= failedSyncsMax; count++) {
    const moments = new Moments(Store, count);
    const changeNext = await moments.change(1 + (count % 8));
    await moments.rest();
    moments.disk.planFault("EIO", { kind: "sync" });
    await expect(changeNext()).rejects.toThrow();
    moments.kill();
    const shown = await moments.label();
    moments.losePower();
    expect(await moments.label()).toBe(shown);
  }
}

const mutants: readonly (readonly [Mutant, (Store: StoreClass) => Promise<void>])[] = [
  [
    {
      name: "does not sync the name of a new segment",
      file: "durable-directory.ts",
      find: "rename(from, to);\n      await this.#directory.sync();",
      replace: "rename(from, to);",
    },
    loseBehindEachChange,
  ],
  [
    {
      name: "cuts a segment before what stands behind the cut is written again",
      file: "segment-log.ts",
      find: "await this.#rewrite(unproven);",
      replace:
        "for (const { segment, length } of tails) await truncate(directory, segment, length);\n    await this.#rewrite(unproven);",
    },
    loseInEachStepOfOpening,
  ],
  [
    {
      name: "takes every whole frame for synced",
      file: "recovery.ts",
      find: "lastFrame ?? this.#proven(checkpoint)",
      replace: "lastFrame ?? (await this.#lastFrame())",
    },
    loseBehindFailedSync,
  ],
];

it("loses nothing by a loss of power right behind an acknowledgement", async () => {
  await loseBehindEachChange(SegmentLogStore);
});

it("loses nothing by a loss of power at any step of an opening", async () => {
  await loseInEachStepOfOpening(SegmentLogStore);
});

it("loses nothing that it has shown by a loss of power after a failed sync", async () => {
  await loseBehindFailedSync(SegmentLogStore);
});

it.each(mutants)("finds a segment log that $name", async (mutant, find) => {
  await expect(withMutant(mutant, find)).rejects.toThrow(/^expected .* to be/);
});
