import { connect } from "@nats-io/transport-node";
import { expect } from "vitest";
import { systemClock } from "../../src/core/system.ts";
import { NatsJetStream } from "../../src/stores/jetstream/nats-jet-stream.ts";
import { itOnNats } from "../nats-binary.ts";
import { startNatsServer } from "../nats-world.ts";

itOnNats(
  "the largest message is known while the servers are away, so that nothing is refused for its size",
  async () => {
    const server = await startNatsServer();
    const options = { servers: server.url, reconnectTimeWait: 10, maxReconnectAttempts: -1 };
    const [requests, tails] = [await connect(options), await connect(options)];
    const jetStream = await NatsJetStream.open({ requests, tails }, systemClock, () => undefined);
    try {
      const limit = jetStream.messageBytesMax;
      expect(limit).toBe(1024 * 1024);
      await server.kill();
      await expect.poll(() => requests.info).toBeUndefined();
      expect(jetStream.messageBytesMax).toBe(limit);
    } finally {
      await jetStream.close();
      await server.dispose();
    }
  },
);
