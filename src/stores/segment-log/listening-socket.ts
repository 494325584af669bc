import { connect, createServer, type Server } from "node:net";
import { hasCode } from "./error-code.ts";

/** A server that only is there, and keeps no process alive. Rejects with the system's error. */
export async function listenAt(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: a worker of node's cluster would get the primary's server instead.
    server.listen({ path, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Whoever connects has its answer by then: a connection that is not taken up changes nothing.
  server.on("error", () => undefined);
  return server.unref();
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Whether a living process listens there, also one that is stopped: the kernel answers for it. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      // Its queue of connections is full.
      if (hasCode(error, "EAGAIN")) resolve(true);
      else if (hasCode(error, "ECONNREFUSED") || hasCode(error, "ENOENT")) resolve(false);
      else reject(error);
    });
  });
}
