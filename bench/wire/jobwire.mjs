// Ours: the server with a store, and the client over its WebSocket.
import { WebSocket } from "ws";
import { Broker, MemoryStore } from "../../dist/index.js";
import { Jobwire } from "../../dist/client/node.js";
import { createServer, mintToken } from "../../dist/server/index.js";
import { openSegmentLogStore } from "../../dist/stores/segment-log/index.js";

const secret = new TextEncoder().encode("a secret of the benchmark, of 32 bytes or more");
const identity = "bench";
const dayMs = 86_400_000;
// The default of 10,000 entries a second would be all that is measured.
const raised = { entriesPerSecond: 1e7, entryBurst: 1e7 };

/** `segmentBytes` is an option of the segment log. */
export async function startServer(
  { store: kind, limits = raised, segmentBytes },
  directory,
  onError,
) {
  const store =
    kind === "memory"
      ? new MemoryStore()
      : await openSegmentLogStore(directory, { segmentBytes, onError });
  const broker = new Broker({ store, limits, onError });
  await broker.start();
  const server = await createServer({ broker, keys: [{ kind: "hmac", secret }] });
  const now = Date.now();
  const token = await mintToken(secret, { identity }, { now, expiresAt: now + dayMs });
  return { url: server.url, token };
}

export function connect({ url, token }, webSocket = WebSocket) {
  return new Jobwire({ url, token, webSocket });
}

/** `spec` of its channel: how large it may be, and what happens then. */
export async function createTopic(address, topic, spec = {}) {
  const wire = connect(address);
  await wire.createProcess({ id: topic, channels: [{ name: "out", ...spec }] });
  await wire.close();
}

export async function removeTopic(address, topic) {
  const wire = connect(address);
  await wire.process(topic).delete();
  await wire.close();
}

export async function openPublisher(address, topic) {
  const wire = connect(address);
  const channel = wire.process(topic).channel("out");
  return { publish: (message) => channel.send(message), close: () => wire.close() };
}

/** Takes the payloads of a channel from its start; resolves once it has all that there is. */
export async function follow(channel, take) {
  const entries = channel.entries({ from: "start" });
  const live = new Promise((resolve) =>
    channel.onState(({ kind }) => kind === "live" && resolve()),
  );
  void (async () => {
    for await (const item of entries.items()) {
      if (item.kind === "gap") throw new Error(`a gap: ${item.reason}`);
      for (const { payload } of item.entries) take(payload);
    }
  })();
  await live;
  return entries;
}

export async function openReader(address, topic, take) {
  const wire = connect(address);
  const channel = wire.process(topic).channel("out");
  const entries = await follow(channel, take);
  return {
    async close() {
      entries.close();
      await wire.close();
    },
  };
}

/** In a log of which nothing was trimmed. */
export async function countEntries(address, topic) {
  const wire = connect(address);
  const { last } = await wire.process(topic).channel("out").get();
  await wire.close();
  return last;
}
