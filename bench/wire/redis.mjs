// Redis Streams: XADD with many commands under way, XREAD that blocks; with its append-only file.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(new URL("../package.json", import.meta.url));
const host = "127.0.0.1";

async function freePort() {
  const listener = createServer().listen(0, host);
  await once(listener, "listening");
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

export async function startServer({ fsync }, directory) {
  const port = await freePort();
  const settings = {
    port,
    bind: host,
    dir: directory,
    save: "",
    appendonly: "yes",
    appendfsync: fsync,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const path = process.env.REDIS_SERVER ?? "redis-server";
  const server = spawn(path, options, { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill());
  let log = "";
  while (!log.includes("Ready to accept connections"))
    log += String((await once(server.stdout, "data"))[0]);
  server.stdout.resume();
  return { port };
}

export async function createTopic() {}

export async function removeTopic(address, topic) {
  const client = connect(address);
  await client.del(topic);
  client.disconnect();
}

export function connect({ port }) {
  const { Redis } = require("ioredis");
  return new Redis({ host, port, enableAutoPipelining: true });
}

export async function openPublisher(address, topic) {
  const client = connect(address);
  return {
    publish: (message) => client.xadd(topic, "*", "p", message),
    close: () => client.disconnect(),
  };
}

export async function openReader(address, topic, take) {
  const client = connect(address);
  await client.ping();
  let isClosed = false;
  void (async () => {
    let last = "0";
    while (!isClosed) {
      const read = ["COUNT", 1000, "BLOCK", 0, "STREAMS", topic, last];
      const answer = await client.xreadBuffer(...read).catch(() => undefined);
      for (const [id, [, message]] of answer?.[0]?.[1] ?? []) {
        last = String(id);
        take(message);
      }
    }
  })();
  return {
    close() {
      isClosed = true;
      client.disconnect();
    },
  };
}
