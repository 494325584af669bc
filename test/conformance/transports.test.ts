import { describe, it } from "vitest";
import { WebSocket } from "ws";
import type { JobwireOptions } from "../../src/client/index.ts";
import { BrokerTransport, transportSuite, type TransportWorld } from "../../src/testing/index.ts";
import { ClientWorld } from "../client-world.ts";
import { createWorld } from "../broker-world.ts";
import { ClientTransport } from "./client-transport.ts";

class JsonWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, ["jobwire.v1.json"]);
  }
}

const transports: Readonly<Record<string, Partial<JobwireOptions>>> = {
  polls: { transport: "poll" },
  "server-sent events": { transport: "sse" },
  "a JSON WebSocket": { transport: "websocket", webSocket: JsonWebSocket },
  "a binary WebSocket": { transport: "websocket" },
};

describe("a broker itself", () => {
  transportSuite(
    { describe, it },
    {
      createWorld: () => {
        const { broker } = createWorld();
        return Promise.resolve({
          broker,
          connect: (identity) => new BrokerTransport(broker, identity),
          [Symbol.asyncDispose]: () => broker.close(),
        });
      },
    },
  );
});

describe.each(Object.entries(transports))("a client over %s", (_name, options) => {
  transportSuite(
    { describe, it },
    {
      createWorld: async (): Promise<TransportWorld> => {
        const world = await ClientWorld.create();
        return {
          broker: world.world.broker,
          connect: (identity) =>
            new ClientTransport(world.client(identity, options.transport ?? "auto", options)),
          breakLines: () => world.proxy.cutAll(),
          [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
        };
      },
    },
  );
});
