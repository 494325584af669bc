import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { openJetStreamStore } from "./store-opening.ts";
import { createJetStreamStore } from "./store-report.ts";

/** Nobody listens there: whoever were asked would be asked in vain. */
const location = { connection: { servers: "nats://127.0.0.1:1" } };

it.each([0, 65, 1.5, Number.NaN])("a store of %s streams is a mistake", async (streamCount) => {
  const create = { streamCount, replicas: 1, streamBytesMax: 2 ** 26 };
  const mistake = new RangeError(
    `streamCount must be a whole number from 1 to 64, got ${streamCount}`,
  );
  await expect(openJetStreamStore({ ...location, create })).rejects.toEqual(mistake);
  await expect(createJetStreamStore(location, create)).rejects.toEqual(mistake);
});

it("a NATS server that loses messages is refused", async () => {
  // Not more than a client needs to take itself for connected.
  const server = createServer((socket) => {
    const info = { server_id: "id", server_name: "old", version: "2.9.10", max_payload: 2 ** 20 };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (data) => data.includes("PING") && socket.write("PONG\r\n"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connection = { servers: `nats://127.0.0.1:${port}` };
  const create = { streamCount: 1, replicas: 1, streamBytesMax: 2 ** 26 };
  const refused = {
    kind: "too_old",
    message:
      "the NATS server old is of version 2.9.10, which loses messages: the store needs 2.10 or later",
  };
  await expect(openJetStreamStore({ connection, create })).rejects.toMatchObject(refused);
  await expect(createJetStreamStore({ connection }, create)).rejects.toMatchObject(refused);
  server.close();
});
