import type { Broker } from "../../src/core/broker/broker.ts";
import { createDeferred } from "../../src/core/deferred.ts";
import type { BrokerLimits } from "../../src/core/limits.ts";
import type { System } from "../../src/core/system.ts";
import type { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { SimulatedJetStream } from "./simulated-jet-stream.ts";
import type { SimulatedNats } from "./simulated-nats.ts";

/** The parts that a history is about: as they are, or with a bug. */
export interface ClusterParts {
  readonly Store: typeof JetStreamStore;
  readonly Broker: typeof Broker;
}

export interface NodeSettings {
  readonly limits: Partial<BrokerLimits>;
  readonly settleMs: number;
  /** How far its wall clock is from that of others. */
  readonly skewMs: number;
  readonly randomId: System["randomId"];
}

/** What a call through a node is given that has stopped meanwhile. */
export class NodeStopped extends Error {}

/** One life of a server process: a broker on a store of its own, over a connection of its own. */
export class ClusterNode {
  readonly name: string;
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly connection: SimulatedJetStream;
  /** Rejects when it has stopped: nothing is heard of its calls any more. */
  readonly stopped: Promise<never>;
  readonly #store: JetStreamStore;
  readonly #stop: (reason: NodeStopped) => void;
  #state: "starting" | "up" | "down" = "starting";
  #hasEnded = false;

  constructor(
    name: string,
    nats: SimulatedNats,
    { Store, Broker: BrokerClass }: ClusterParts,
    { limits, settleMs, skewMs, randomId }: NodeSettings,
  ) {
    this.name = name;
    this.clock = new FakeClock(Date.UTC(2026, 0, 1) + skewMs);
    this.connection = nats.connect();
    const system = { clock: this.clock, randomId };
    const { connection: jetStream } = this;
    this.#store = new Store({ jetStream, subjects: nats.subjects, system, settleMs });
    this.broker = new BrokerClass({ store: this.#store, system, limits });
    const stopped = createDeferred<never>();
    this.stopped = stopped.promise;
    this.stopped.catch(() => undefined);
    this.#stop = (reason) => stopped.reject(reason);
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  get isDown(): boolean {
    return this.#state === "down";
  }

  /** Nothing of it runs any more; one that is told to stop still does for a while. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async start(): Promise<void> {
    try {
      await this.broker.start();
      if (!this.isDown) this.#state = "up";
    } catch {
      // As a server that cannot read what there is: it stops, and is started again.
      this.crash();
    }
  }

  crash(): void {
    this.#state = "down";
    this.#hasEnded = true;
    this.connection.crash();
    this.#stop(new NodeStopped(`${this.name} crashed`));
  }

  /** As a server that is told to stop. */
  async stop(): Promise<void> {
    this.#state = "down";
    await this.broker.close();
    await this.#store.close();
    this.#hasEnded = true;
    this.#stop(new NodeStopped(`${this.name} has stopped`));
  }
}
