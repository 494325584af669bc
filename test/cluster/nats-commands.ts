import { afterEach, beforeEach } from "vitest";
import { CliWorld } from "../cli-world.ts";
import { startNatsServer, type NatsOptions, type NatsServer } from "../nats-world.ts";

/** What each test has to itself. */
export interface NatsCommands {
  /** Commands without a server, until a test starts one. */
  readonly world: CliWorld;
  startNats(options?: NatsOptions): Promise<NatsServer>;
}

/** For the tests of a file; what they leave is ended behind each. */
export function useNatsCommands(): NatsCommands {
  let world: CliWorld;
  let servers: NatsServer[];

  beforeEach(async () => {
    servers = [];
    world = await CliWorld.createIdle();
  });

  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => server.dispose()));
  });

  return {
    get world() {
      return world;
    },
    startNats: async (options) => {
      const server = await startNatsServer(options);
      servers.push(server);
      return server;
    },
  };
}
