import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

const checkMs = 250;
const checkTimeoutMs = 1_000;

/** Gives each new connection to the next node that says that it is ready; those there are stay where they are. */
export class LoadBalancer {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #targets: readonly string[] = [];
  #ready: readonly string[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<LoadBalancer> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => balancer.#accept(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const balancer = new LoadBalancer(server, sockets);
    return balancer;
  }

  /** URLs of the nodes, ready or not. Resolves when it is known which are. */
  async use(targets: readonly string[]): Promise<void> {
    this.#targets = targets;
    clearTimeout(this.#timer);
    await this.#check();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #check(): Promise<void> {
    const answers = await Promise.all(this.#targets.map(isReady));
    this.#ready = this.#targets.filter((_, index) => answers[index]);
    this.#timer = setTimeout(() => void this.#check(), checkMs).unref();
  }

  #accept(client: Socket): void {
    const target = this.#ready[this.#next++ % this.#ready.length];
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(Number(new URL(target).port), "127.0.0.1");
    client.pipe(server);
    server.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(checkTimeoutMs);
    return (await fetch(`${url}/readyz`, { signal })).ok;
  } catch {
    return false;
  }
}
