// Bare `ws`, with nothing of ours: no log, no resume, no limits. A frame for each message and each
// acknowledgement, or all of a turn of the event loop in one frame of at most 64 KiB.
import { once } from "node:events";
import { setImmediate } from "node:timers";
import { WebSocket, WebSocketServer } from "ws";

const frameBytesMax = 64 * 1024;
const headBytes = 4;

/** Messages on their way into frames. */
export class Frames {
  #socket;
  #gathers;
  #parts = [];
  #bytes = 0;

  constructor(socket, gathers) {
    this.#socket = socket;
    this.#gathers = gathers;
  }

  send(message) {
    if (!this.#gathers) return void this.#socket.send(message);
    if (this.#parts.length === 0) setImmediate(() => this.#flush());
    else if (this.#bytes + message.length > frameBytesMax) this.#flush(true);
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32LE(message.length);
    this.#parts.push(head, message);
    this.#bytes += headBytes + message.length;
  }

  #flush(isFull = false) {
    if (this.#parts.length === 0) return;
    this.#socket.send(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
    if (isFull) setImmediate(() => this.#flush());
  }
}

export function* messagesOf(frame, gathers) {
  if (!gathers) return yield frame;
  for (let at = 0; at < frame.length;) {
    const end = at + headBytes + frame.readUInt32LE(at);
    yield frame.subarray(at + headBytes, end);
    at = end;
  }
}

/** Gives on what comes, and acknowledges each message, or all of a turn. */
export function takePublished(socket, gathers, deliver) {
  let count = 0;
  let isDue = false;
  const acknowledge = () => {
    isDue = false;
    const acknowledgement = Buffer.alloc(8);
    acknowledgement.writeDoubleLE(count);
    socket.send(acknowledgement);
  };
  socket.on("message", (frame) => {
    for (const message of messagesOf(frame, gathers)) {
      deliver(message);
      count++;
      if (!gathers) acknowledge();
    }
    if (!gathers || isDue) return;
    isDue = true;
    setImmediate(acknowledge);
  });
}

export async function startServer({ gathers }) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  const readers = new Map();
  server.on("connection", (socket, request) => {
    const [, role, topic] = request.url.split("/");
    const frames = new Frames(socket, gathers);
    if (!readers.has(topic)) readers.set(topic, new Set());
    const ofTopic = readers.get(topic);
    if (role === "read") {
      ofTopic.add(frames);
      socket.on("close", () => ofTopic.delete(frames));
      socket.send("ready");
      return;
    }
    takePublished(socket, gathers, (message) => {
      for (const reader of ofTopic) reader.send(message);
    });
  });
  await once(server, "listening");
  return { port: server.address().port, gathers };
}

export async function createTopic() {}

export async function removeTopic() {}

export async function connect({ port }, role, topic) {
  const address = `ws://127.0.0.1:${port}/${role}/${topic}`;
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, role === "read" ? "message" : "open");
  return socket;
}

/** Messages whose promises resolve when they are acknowledged. */
export class Publisher {
  #frames;
  #waiting = [];
  #acknowledged = 0;

  constructor(socket, gathers) {
    this.#frames = new Frames(socket, gathers);
    socket.on("message", (frame) => {
      const count = frame.readDoubleLE();
      const settled = this.#waiting.splice(0, count - this.#acknowledged);
      this.#acknowledged = count;
      for (const resolve of settled) resolve();
    });
  }

  publish(message) {
    this.#frames.send(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export async function openPublisher(address, topic) {
  const socket = await connect(address, "publish", topic);
  const publisher = new Publisher(socket, address.gathers);
  return {
    publish: (message) => publisher.publish(message),
    close: () => socket.terminate(),
  };
}

export async function openReader(address, topic, take) {
  const socket = await connect(address, "read", topic);
  socket.on("message", (frame) => {
    for (const message of messagesOf(frame, address.gathers)) take(message);
  });
  return { close: () => socket.terminate() };
}
