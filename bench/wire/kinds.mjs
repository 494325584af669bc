// What is compared: by name, the module that knows how to serve, publish and read, and what it is told.
import { fileURLToPath } from "node:url";
import { missingNats, missingPackage, missingRedis } from "../peers.mjs";

/** In the order of the tables. `missing` says what there is not, where a kind needs something. */
export const kinds = [
  { name: "jobwire, memory", module: "jobwire", options: { store: "memory" } },
  { name: "jobwire, segment log", module: "jobwire", options: { store: "segment-log" } },
  { name: "ws, a frame a message", module: "ws", options: { gathers: false } },
  { name: "ws, a frame a turn", module: "ws", options: { gathers: true } },
  {
    name: "Socket.IO",
    module: "socket-io",
    options: {},
    missing: () => missingPackage("socket.io"),
  },
  {
    name: "Redis Streams, everysec",
    module: "redis",
    options: { fsync: "everysec" },
    missing: missingRedis,
  },
  {
    name: "Redis Streams, always",
    module: "redis",
    options: { fsync: "always" },
    missing: missingRedis,
  },
  { name: "JetStream", module: "jetstream", options: {}, missing: missingNats },
  {
    name: "JetStream, sync always",
    module: "jetstream",
    options: { sync: "always" },
    missing: missingNats,
  },
];

export function loadKind(module) {
  return import(new URL(`${module}.mjs`, import.meta.url).href);
}

export function programPath(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
