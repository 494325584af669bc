// What is compared: by name, the module that knows how to serve, publish and read, and what it is told.
import { fileURLToPath } from "node:url";

/** In the order of the tables. `needs` is a program that may be missing. */
export const kinds = [
  { name: "jobwire, memory", module: "jobwire", options: { store: "memory" } },
  { name: "jobwire, segment log", module: "jobwire", options: { store: "segment-log" } },
  { name: "ws, a frame a message", module: "ws", options: { gathers: false } },
  { name: "ws, a frame a turn", module: "ws", options: { gathers: true } },
  { name: "Socket.IO", module: "socket-io", options: {} },
  { name: "Redis Streams, everysec", module: "redis", options: { fsync: "everysec" } },
  { name: "Redis Streams, always", module: "redis", options: { fsync: "always" } },
  { name: "JetStream", module: "jetstream", options: {} },
  { name: "JetStream, sync always", module: "jetstream", options: { sync: "always" } },
];

export function loadKind(module) {
  return import(new URL(`${module}.mjs`, import.meta.url).href);
}

export function programPath(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
