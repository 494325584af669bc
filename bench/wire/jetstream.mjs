// NATS JetStream: one stream in a file, a subject for each topic, publishes with acknowledgement, ordered consumers.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import process from "node:process";
import { startNatsServer } from "../nats-server.mjs";

const stream = "bench";
const GiB = 1024 ** 3;

export async function startServer({ sync }, directory) {
  const server = await startNatsServer(directory, sync === undefined ? {} : { sync });
  process.on("exit", () => void server.stop());
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.*`], max_bytes: GiB });
  await connection.close();
  return { url: server.url };
}

export async function createTopic() {}

export async function removeTopic({ url }, topic) {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.purge(stream, { filter: `${stream}.${topic}` });
  await connection.close();
}

export async function openPublisher({ url }, topic) {
  const connection = await connect({ servers: url });
  const client = jetstream(connection);
  return {
    publish: (message) => client.publish(`${stream}.${topic}`, message),
    close: () => connection.close(),
  };
}

export async function openReader({ url }, topic, take) {
  const connection = await connect({ servers: url });
  const consumer = await jetstream(connection).consumers.get(stream, {
    filter_subjects: [`${stream}.${topic}`],
  });
  await consumer.consume({ max_messages: 1_000, callback: ({ data }) => take(data) });
  return { close: () => connection.close() };
}
