import { afterAll, beforeAll, describe, it } from "vitest";
import { Broker } from "../../src/core/broker/broker.ts";
import { openJetStreamStore } from "../../src/stores/jetstream/index.ts";
import { BrokerTransport, transportSuite, type TransportWorld } from "../../src/testing/index.ts";
import { describeOnNats } from "../nats-binary.ts";
import { startNatsServer } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";

/** Each call goes to the next of them, as behind a load balancer without sticky sessions. */
function inTurns(brokers: readonly [Broker, Broker]): Broker {
  let turn = 0;
  return new Proxy(brokers[0], {
    get: (_, name) => {
      const broker = brokers[turn++ % 2] as Broker;
      const value: unknown = Reflect.get(broker, name, broker);
      return typeof value === "function" ? (value.bind(broker) as unknown) : value;
    },
  });
}

/** One request after the other: what overtakes on its way through another node is a gap, to be sent again. */
class PatientTransport extends BrokerTransport {
  #last: Promise<unknown> = Promise.resolve();

  override send(...args: Parameters<BrokerTransport["send"]>): Promise<readonly number[]> {
    const sent = this.#last.then(() => super.send(...args));
    this.#last = sent.catch(() => undefined);
    return sent;
  }
}

describeOnNats("two nodes, of which each call meets the other one", () => {
  let server: NatsServer;
  let count = 0;

  beforeAll(async () => {
    server = await startNatsServer();
  });

  afterAll(() => server.dispose());

  async function createWorld(): Promise<TransportWorld> {
    const name = `world-${++count}`;
    const create = { streamCount: 2, replicas: 1, streamBytesMax: 2 ** 26 };
    const open = async (): Promise<Broker> => {
      const store = await openJetStreamStore({ name, create, connection: { servers: server.url } });
      return new Broker({ store });
    };
    const brokers = [await open(), await open()] as const;
    return {
      broker: brokers[0],
      connect: (identity) => new PatientTransport(inTurns(brokers), identity),
      [Symbol.asyncDispose]: async () => {
        for (const broker of brokers) {
          await broker.close();
          await broker.store.close();
        }
      },
    };
  }

  transportSuite({ describe, it }, { createWorld });
});
