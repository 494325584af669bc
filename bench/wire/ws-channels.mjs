// Bare `ws` with many channels: the number of the channel stands in each message, and a connection reads a range of them.
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { connect, Frames, messagesOf, Publisher, takePublished } from "./ws.mjs";

const perConnection = 1_000;
/** Behind the number of the message and its moment. */
const channelAt = 16;

export async function startServer({ gathers }) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  const readers = new Map();
  server.on("connection", (socket, request) => {
    const [, role, first] = request.url.split("/");
    const frames = new Frames(socket, gathers);
    if (role === "read") {
      for (let index = 0; index < perConnection; index++)
        readers.set(Number(first) + index, frames);
      socket.send("ready");
      return;
    }
    takePublished(socket, gathers, (message) =>
      readers.get(message.readUInt32LE(channelAt))?.send(message),
    );
  });
  await once(server, "listening");
  return { port: server.address().port, gathers };
}

export async function createChannels() {}

export async function openChannelsPublisher(address) {
  const publisher = new Publisher(await connect(address, "publish", 0), address.gathers);
  return {
    publish(index, message) {
      message.writeUInt32LE(index, channelAt);
      return publisher.publish(message);
    },
  };
}

export async function openChannelsReader(address, count, take) {
  for (let first = 0; first < count; first += perConnection) {
    const socket = await connect(address, "read", first);
    socket.on("message", (frame) => {
      for (const message of messagesOf(frame, address.gathers))
        take(message.readUInt32LE(channelAt), message);
    });
  }
}
