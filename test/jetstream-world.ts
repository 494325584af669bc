import { randomId } from "../src/core/system.ts";
import { JetStreamStore } from "../src/stores/jetstream/jetstream-store.ts";
import { Subjects } from "../src/stores/jetstream/subjects.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createSeededRandom } from "../src/testing/store-samples.ts";
import { nextTurn, SeededScheduler } from "./storage/seeded-scheduler.ts";
import type { SimulatedJetStream } from "./storage/simulated-jet-stream.ts";
import { SimulatedNats } from "./storage/simulated-nats.ts";

const stepMs = 250;
const idleTurns = 3;

export interface JetStreamNode {
  readonly store: JetStreamStore;
  readonly connection: SimulatedJetStream;
  /** Stages of the failures that it reported. */
  readonly stages: readonly string[];
}

/** Nodes on a simulated NATS, where nothing goes wrong unless a test says so. */
export class JetStreamWorld {
  readonly clock = new FakeClock();
  readonly nats: SimulatedNats;
  readonly #scheduler: SeededScheduler;

  /** The store as it is, or with a bug. */
  readonly #Store: typeof JetStreamStore;

  constructor(streamCount = 1, Store = JetStreamStore) {
    this.#Store = Store;
    const random = createSeededRandom(1);
    this.#scheduler = new SeededScheduler(random);
    this.nats = new SimulatedNats(
      new Subjects("sim", streamCount),
      random,
      this.#scheduler,
      this.clock,
    );
  }

  open(connection = this.nats.connect(), options: { isPatient?: boolean } = {}): JetStreamNode {
    const stages: string[] = [];
    const store = new this.#Store({
      ...options,
      ...{ jetStream: connection, subjects: this.nats.subjects },
      system: { clock: this.clock, randomId },
      onError: (_error, { stage }) => stages.push(stage),
    });
    return { store, connection, stages };
  }

  /** Lets everything that is under way be done, without time for it. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < idleTurns; turns++) {
      await nextTurn();
      for (; !this.#scheduler.isIdle; turns = 0) await this.#scheduler.step();
    }
  }

  async done<Value>(promise: Promise<Value>): Promise<Value> {
    // It may be rejected while everything is being done: that is for whoever called.
    promise.catch(() => undefined);
    await this.settle();
    return promise;
  }

  /** Lets time pass in steps, each with all that it set off. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await this.settle();
    }
  }
}
