import { Jobwire } from "../src/client/node.ts";
import type { JobwireOptions } from "../src/client/index.ts";
import type { TransportOption } from "../src/client/index.ts";
import { TcpProxy } from "../src/testing/tcp-proxy.ts";
import { ServerWorld, signToken } from "./server-world.ts";

/** A server, a line to it that may be cut, and clients of both that are closed with it. */
export class ClientWorld {
  readonly world: ServerWorld;
  readonly proxy: TcpProxy;
  readonly #clients: Jobwire[] = [];

  private constructor(world: ServerWorld, proxy: TcpProxy) {
    this.world = world;
    this.proxy = proxy;
  }

  static async create(
    options: Parameters<typeof ServerWorld.create>[0] = {},
  ): Promise<ClientWorld> {
    const world = await ServerWorld.create(options);
    return new ClientWorld(world, await TcpProxy.start(world.port));
  }

  /** Over the line that may be cut. */
  client(
    identity: string,
    transport: TransportOption,
    options: Partial<JobwireOptions> = {},
  ): Jobwire {
    const wire = new Jobwire({
      url: `http://127.0.0.1:${this.proxy.port}`,
      token: () => signToken(identity),
      transport,
      idleMs: 100,
      ...options,
    });
    this.#clients.push(wire);
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be sent any more is no concern of whoever disposes.
    await Promise.all(this.#clients.map((wire) => wire.close().catch(() => undefined)));
    await this.proxy.close();
    await this.world[Symbol.asyncDispose]();
  }
}
