// Run as a program of its own with `--expose-gc`, by the table of sockets: a server of idle connections, ours or
// one of bare `ws`. Says where it listens, and answers each message with what it holds in memory.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import process from "node:process";
import { WebSocketServer } from "ws";
import { Broker, MemoryStore } from "../dist/index.js";
import { createServer, mintToken } from "../dist/server/index.js";
import { measureMemory } from "./memory-use.mjs";

const secret = new TextEncoder().encode("a secret of the benchmark, of 32 bytes or more");
const identity = "reader";

async function startOurs() {
  const broker = new Broker({ store: new MemoryStore() });
  await broker.start();
  const caller = { identity, isAdmin: false };
  await broker.createProcess(caller, { id: "p", channels: [{ name: "out" }] });
  const server = await createServer({ broker, keys: [{ kind: "hmac", secret }] });
  const now = Date.now();
  const token = await mintToken(secret, { identity }, { now, expiresAt: now + 3_600_000 });
  return { port: Number(new URL(server.url).port), token };
}

async function startBare() {
  const http = createHttpServer();
  // As our server: neither compresses.
  new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { port: http.address().port };
}

const [kind] = process.argv.slice(2);
process.on("message", () => process.send(measureMemory()));
process.on("disconnect", () => process.exit());
process.send(await (kind === "ours" ? startOurs() : startBare()));
