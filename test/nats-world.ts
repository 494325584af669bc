import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause, systemClock } from "../src/core/system.ts";
import { natsServerPath } from "./nats-binary.ts";

const readyMs = 20_000;
const logCharacters = 4_000;
const pollMs = 50;
const clusterReadyMs = 10_000;
const clusterAttempts = 4;

export interface NatsOptions {
  /** More of its configuration, as its manual has it. */
  readonly configuration?: string;
  /** Syncs each write, as production is to: needs 2.10 or later. */
  readonly syncAlways?: boolean;
}

interface Ports {
  readonly client: number;
  readonly cluster: number;
}

/** One nats-server with JetStream, on loopback, which keeps its ports and its data over its lives. */
export class NatsServer {
  readonly url: string;
  readonly port: number;
  readonly #directory: string;
  readonly #configPath: string;
  #child: ChildProcess | undefined;
  #log = "";
  #monitorUrl: string | undefined;

  private constructor(directory: string, port: number) {
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.#directory = directory;
    this.#configPath = join(directory, "nats.conf");
  }

  /** Not started yet. */
  static async create(
    ports: Ports,
    { configuration = "", syncAlways = false }: NatsOptions,
    cluster?: { readonly name: string; readonly routes: readonly number[] },
  ): Promise<NatsServer> {
    const directory = await mkdtemp(join(tmpdir(), "jobwire-nats-"));
    const server = new NatsServer(directory, ports.client);
    const sync = syncAlways ? "sync_interval: always, " : "";
    const lines = [
      `listen: "127.0.0.1:${ports.client}"`,
      'http: "127.0.0.1:-1"',
      `jetstream { ${sync}store_dir: ${JSON.stringify(directory)}, max_file_store: 100GB }`,
      configuration,
    ];
    if (cluster !== undefined) {
      const routes = cluster.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
      lines.push(
        `server_name: "server-${ports.client}"`,
        `cluster { name: ${cluster.name}, listen: "127.0.0.1:${ports.cluster}", routes: [${routes}] }`,
      );
    }
    await writeFile(server.#configPath, `${lines.join("\n")}\n`);
    return server;
  }

  /** Its monitoring, once it takes connections. */
  get monitorUrl(): string {
    if (this.#monitorUrl === undefined) throw new Error(`no monitoring:\n${this.#log}`);
    return this.#monitorUrl;
  }

  /** Until it takes connections. */
  async start(): Promise<void> {
    const child = spawn(natsServerPath, ["-c", this.#configPath], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    this.#log = "";
    children.add(child);
    child.once("exit", () => children.delete(child));
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`nats-server ${why}:\n${this.#log}`));
        timer = setTimeout(() => fail("was not ready in time"), readyMs);
        child.once("exit", (code) => fail(`ended with ${code}`));
        child.once("error", reject);
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          this.#log = (this.#log + text).slice(-logCharacters);
          const [, host] = /Starting http monitor on (\S+)/.exec(this.#log) ?? [];
          if (host !== undefined) this.#monitorUrl = `http://${host}`;
          if (this.#log.includes("Server is ready")) resolve();
        });
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether it leads its cluster, and so many others follow it. */
  async leads(count: number): Promise<boolean> {
    const response = await fetch(`${this.monitorUrl}/jsz`);
    const { meta_cluster: cluster } = (await response.json()) as JszAnswer;
    const following = cluster?.replicas?.filter(({ current }) => current) ?? [];
    return following.length === count;
  }

  /** Like a power switch, but for the page cache. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** It takes connections and answers nothing. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Keeps a copy of its data as it is; it must have stopped. */
  async copyData(): Promise<void> {
    await cp(this.#dataPath, this.#copyPath, { recursive: true });
  }

  /** Puts the copy back; it must have stopped. */
  async putBackData(): Promise<void> {
    await rm(this.#dataPath, { recursive: true });
    await rename(this.#copyPath, this.#dataPath);
  }

  get #dataPath(): string {
    return join(this.#directory, "jetstream");
  }

  get #copyPath(): string {
    return join(this.#directory, "copy");
  }

  /** Ends it, whatever state it is in, and removes its data. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT");
    await exited;
  }
}

export async function startNatsServer(options: NatsOptions = {}): Promise<NatsServer> {
  const [ports] = await choosePorts(1);
  const server = await NatsServer.create(ports as Ports, options);
  await server.start();
  return server;
}

/** What of `/jsz` is read here. */
interface JszAnswer {
  readonly meta_cluster?: { readonly replicas?: readonly { readonly current: boolean }[] };
}

/**
 * Servers that keep copies of one another's streams, and that know each other. Some that start at once never come to
 * that (nats-server 2.10.27, about one in six times): then others take their place.
 */
export async function startNatsCluster(
  count: number,
  options: NatsOptions = {},
): Promise<readonly NatsServer[]> {
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(count);
    const cluster = { name: "jobwire", routes: ports.map((port) => port.cluster) };
    const servers = await Promise.all(
      ports.map((each) => NatsServer.create(each, options, cluster)),
    );
    try {
      await Promise.all(servers.map((server) => server.start()));
      await waitForLeader(servers);
      return servers;
    } catch (error) {
      await Promise.all(servers.map((server) => server.dispose()));
      if (attempt === clusterAttempts) throw error;
      console.log(`cluster ${attempt} did not come together: ${String(error)}`);
    }
  }
}

async function waitForLeader(servers: readonly NatsServer[]): Promise<void> {
  const until = performance.now() + clusterReadyMs;
  while (performance.now() < until) {
    const leads = await Promise.all(servers.map((server) => server.leads(servers.length - 1)));
    if (leads.includes(true)) return;
    await pause(systemClock, pollMs);
  }
  throw new Error(`no leader with all others within ${clusterReadyMs} ms`);
}

/** Those of a test that was broken off would go on for ever. */
const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Those of a cluster must know each other's before they listen: chosen by the system, all at once. */
async function choosePorts(count: number): Promise<readonly Ports[]> {
  const listeners = await Promise.all(
    Array.from({ length: count * 2 }, async () => {
      const listener = createServer().listen(0, "127.0.0.1");
      await once(listener, "listening");
      return listener;
    }),
  );
  const chosen = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return Array.from({ length: count }, (_, index) => ({
    client: chosen[index * 2] as number,
    cluster: chosen[index * 2 + 1] as number,
  }));
}
