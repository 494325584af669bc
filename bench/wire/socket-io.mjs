// Socket.IO as its manual has it: an event with an acknowledgement, rooms for topics.
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../package.json", import.meta.url));

export async function startServer() {
  const { Server } = require("socket.io");
  const http = createServer();
  const server = new Server(http, { transports: ["websocket"] });
  server.on("connection", (socket) => {
    socket.on("read", (topic, acknowledge) => {
      void socket.join(topic);
      acknowledge();
    });
    socket.on("publish", (topic, message, acknowledge) => {
      server.to(topic).emit("message", message);
      acknowledge();
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { port: http.address().port };
}

export async function createTopic() {}

export async function removeTopic() {}

async function connect({ port }) {
  const { io } = require("socket.io-client");
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

export async function openPublisher(address, topic) {
  const socket = await connect(address);
  return {
    publish: (message) => new Promise((resolve) => socket.emit("publish", topic, message, resolve)),
    close: () => socket.disconnect(),
  };
}

export async function openReader(address, topic, take) {
  const socket = await connect(address);
  socket.on("message", (message) => take(message));
  await new Promise((resolve) => socket.emit("read", topic, resolve));
  return { close: () => socket.disconnect() };
}
