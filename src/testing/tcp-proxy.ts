import { createServer, connect } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
}

/** A line between client and server that a test may cut or freeze. Listens on loopback. */
export class TcpProxy {
  readonly port: number;
  /** Where new connections go; a server may come back on another port. */
  targetPort: number;
  readonly #server: Server;
  readonly #pairs: Set<Pair>;
  /** Connections accepted so far. */
  connectionCount = 0;
  #isRefusing = false;

  private constructor(server: Server, pairs: Set<Pair>, targetPort: number) {
    this.targetPort = targetPort;
    this.#server = server;
    this.#pairs = pairs;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const pairs = new Set<Pair>();
    const server = createServer((client) => {
      proxy.connectionCount++;
      if (proxy.#isRefusing) {
        client.resetAndDestroy();
        return;
      }
      const pair = { client, target: connect(proxy.targetPort, "127.0.0.1") };
      pairs.add(pair);
      pair.client.pipe(pair.target);
      pair.target.pipe(pair.client);
      for (const socket of [pair.client, pair.target]) {
        // Either side's error or end is the other's as well: both are destroyed, and nobody is told twice.
        socket.on("error", () => cut(pair));
        socket.on("close", () => {
          cut(pair);
          pairs.delete(pair);
        });
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const proxy = new TcpProxy(server, pairs, targetPort);
    return proxy;
  }

  /** Resets every connection. */
  cutAll(): void {
    for (const pair of this.#pairs) {
      pair.client.resetAndDestroy();
      pair.target.resetAndDestroy();
    }
  }

  /** Nothing goes through in either direction any more, and nobody is told: a half-open line. */
  freezeAll(): void {
    for (const { client, target } of this.#pairs) {
      client.unpipe(target);
      target.unpipe(client);
      client.pause();
      target.pause();
    }
  }

  /** Resets every connection and each new one, until `accept`. The port stays taken. */
  refuse(): void {
    this.#isRefusing = true;
    this.cutAll();
  }

  accept(): void {
    this.#isRefusing = false;
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function cut({ client, target }: Pair): void {
  client.destroy();
  target.destroy();
}
