import { afterAll, beforeAll, describe, it } from "vitest";
import type { Store } from "../../src/core/store.ts";
import { openJetStreamStore } from "../../src/stores/jetstream/index.ts";
import { storeSuite } from "../../src/testing/store-suite.ts";
import { isNatsServerTooOld } from "../nats-binary.ts";
import { startNatsCluster, startNatsServer } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";

const MiB = 1024 * 1024;
/** Part of a message of the default size that entries may take. */
const batchBytesMax = (MiB * 3) / 4;

for (const [name, replicas, isReopened] of [
  ["on one server", 1, false],
  ["on one server, opened again between steps", 1, true],
  ["on three servers, with three copies", 3, false],
] as const) {
  // Each case makes streams, which takes a cluster a second: only the long run has the time.
  const isShort = process.env.JOBWIRE_TEST_LONG === undefined;
  describe.skipIf(isNatsServerTooOld || (isShort && replicas > 1))(`JetStreamStore ${name}`, () => {
    let servers: readonly NatsServer[] = [];
    let count = 0;
    const names = new Map<Store, string>();

    beforeAll(async () => {
      servers = replicas === 1 ? [await startNatsServer()] : await startNatsCluster(replicas);
    });

    afterAll(async () => {
      await Promise.all(servers.map((server) => server.dispose()));
    });

    const open = async (storeName: string): Promise<Store> => {
      const store = await openJetStreamStore({
        name: storeName,
        connection: { servers: servers.map(({ url }) => url) },
        create: { streamCount: replicas === 1 ? 2 : 1, replicas, streamBytesMax: 20 * MiB },
      });
      names.set(store, storeName);
      return store;
    };

    storeSuite(
      { describe, it },
      {
        createStore: () => open(`suite-${++count}`),
        manifest: { durable: true, shared: true, batchBytesMax },
        openBeside: (store) => open(names.get(store) ?? ""),
        reopen: async (store) => {
          if (!isReopened) return store;
          await store.close();
          return open(names.get(store) ?? "");
        },
      },
    );
  });
}
