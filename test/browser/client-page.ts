import type { BrowserContext, Page } from "playwright-core";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { ServerWorld, signToken } from "../server-world.ts";
import { ClientSite } from "./client-site.ts";

const workerScript = `
  import { Jobwire } from "/client.js";
  onmessage = async ({ data: { url, token } }) => {
    const wire = new Jobwire({ url, token });
    const { position } = await wire.process("p").channel("in").send("from a worker");
    postMessage(position);
  };`;

/** Tabs of a real browser with the client in them, a real server, and a line between them. */
export class ClientPages {
  readonly world: ServerWorld;
  readonly proxy: TcpProxy;
  readonly #site: ClientSite;

  private constructor(world: ServerWorld, proxy: TcpProxy, site: ClientSite) {
    this.world = world;
    this.proxy = proxy;
    this.#site = site;
  }

  /** With further files of the site, by their paths. */
  static async create(more: Readonly<Record<string, string>> = {}): Promise<ClientPages> {
    const site = await ClientSite.create({ "/worker.js": workerScript, ...more });
    const world = await ServerWorld.create({ allowedOrigins: [site.origin] });
    await world.request("sub", "POST", "/v1/processes", {
      json: { id: "p", executorid: "exe", channels: [{ name: "out" }, { name: "in" }] },
    });
    return new ClientPages(world, await TcpProxy.start(world.port), site);
  }

  get context(): BrowserContext {
    return this.#site.context;
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  async open(path = "/"): Promise<Page> {
    return await this.#site.open(path, { url: this.url, token: await signToken("sub") });
  }

  async append(from: number, to: number): Promise<void> {
    for (let n = from; n <= to; n++)
      await this.world.append(`entry ${n}`, `?producer=w&sequence=${n}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
    await this.proxy.close();
    await this.world[Symbol.asyncDispose]();
  }
}
