import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { BrokerLimits } from "../../../src/core/limits.ts";
import type { ServerLimits, ServerOptions } from "../../../src/server/index.ts";
import { secret, signToken } from "../../server-world.ts";

export interface AttackSettings {
  readonly brokerLimits?: Partial<BrokerLimits>;
  readonly limits?: Partial<ServerLimits>;
  /** Besides the secret. */
  readonly publicKey?: string;
  readonly stallMs?: NonNullable<ServerOptions["stallMs"]>;
}

interface Messages {
  readonly url: { readonly url: string };
  readonly line: { readonly line: string };
  readonly heldBytes: { readonly heldBytes: number };
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

async function nextOf<Kind extends keyof Messages>(
  child: ChildProcess,
  kind: Kind,
): Promise<Messages[Kind]> {
  for (;;) {
    const [message] = (await once(child, "message")) as [object];
    if (kind in message) return message as Messages[Kind];
  }
}

/** A server in a process of its own, and a neighbour who uses it while it is attacked. */
export class AttackWorld {
  readonly url: string;
  /** What the server has logged. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #neighbour: Worker;

  private constructor(child: ChildProcess, url: string, neighbourToken: string) {
    this.#child = child;
    this.url = url;
    child.on("message", (message: Messages[keyof Messages]) => {
      if ("line" in message) this.lines.push(message.line);
    });
    const localAddress = "127.0.0.2";
    const path = "/v1/processes/neighbour/channels/out/entries";
    const workerData = { port: this.port, token: neighbourToken, path, localAddress };
    this.#neighbour = new Worker(pathOf("neighbour.mjs"), { workerData });
  }

  static async create(settings: AttackSettings = {}): Promise<AttackWorld> {
    const { brokerLimits = {}, limits = {}, publicKey, stallMs = 30_000 } = settings;
    const hmac = { kind: "hmac", secret: Buffer.from(secret).toString("base64") };
    const keys = [hmac, ...(publicKey === undefined ? [] : [{ kind: "public", key: publicKey }])];
    const options = JSON.stringify({ limits: brokerLimits, keys, stallMs, serverLimits: limits });
    const child = fork(pathOf("server-process.mjs"), [options], { execArgv: ["--expose-gc"] });
    const { url } = await nextOf(child, "url");
    const world = new AttackWorld(child, url, await signToken("neighbour"));
    await world.createProcess("neighbour", "neighbour");
    return world;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What the server holds once it has collected its garbage. */
  async heldBytes(): Promise<number> {
    this.#child.send("held bytes");
    return (await nextOf(this.#child, "heldBytes")).heldBytes;
  }

  /** Latencies of so many rounds of the neighbour's, in milliseconds. */
  async measure(rounds: number): Promise<readonly number[]> {
    const told = once(this.#neighbour, "message");
    this.#neighbour.postMessage({ least: rounds });
    return ((await told) as [number[]])[0];
  }

  /** Latencies of the neighbour's while something else is done. */
  async measureDuring<Result>(
    work: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly latencies: readonly number[] }> {
    const told = once(this.#neighbour, "message");
    this.#neighbour.postMessage({ least: 0 });
    const result = await work();
    this.#neighbour.postMessage({});
    return { result, latencies: ((await told) as [number[]])[0] };
  }

  async request(
    identity: string,
    method: string,
    path: string,
    { json, body, headers }: { json?: unknown; body?: string; headers?: object } = {},
  ): Promise<Response> {
    const content = json === undefined ? body : JSON.stringify(json);
    return await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await signToken(identity)}`,
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
  }

  /** A process of an identity, which also runs it, with the channel `out` unless others are given. */
  async createProcess(id: string, identity: string, channels = ["out"]): Promise<void> {
    const json = { id, executorid: identity, channels: channels.map((name) => ({ name })) };
    const response = await this.request(identity, "POST", "/v1/processes", { json });
    if (response.status !== 201) throw new Error(await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#neighbour.terminate();
    if (!this.isRunning) return;
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }
}
