import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Api } from "../../src/cli/api.ts";
import { GivenCredentials } from "../../src/cli/credentials.ts";
import { createDeferred } from "../../src/core/deferred.ts";
import { defaultSystem } from "../../src/core/system.ts";
import { signToken } from "../server-world.ts";

const programPath = fileURLToPath(new URL("store-server.mjs", import.meta.url));
const tokenSeconds = 24 * 60 * 60;

/** One call that fails, of those that write the log. */
export interface LogFault {
  readonly call: "write" | "sync";
  /** From 1, counted from the start of the server. */
  readonly nth: number;
  /** What of it has happened all the same; a sync knows no half. */
  readonly effect: "none" | "half" | "whole";
}

export interface StoreServerOptions {
  /** The built program. */
  readonly distPath: string;
  readonly segmentBytes: number;
  /** A server with a fault takes no lock. */
  readonly fault?: LogFault;
  /** Silence of a stream after which it gets a sign of life. */
  readonly heartbeatMs?: number;
}

export type ServerMessage =
  | { readonly kind: "opening" }
  | { readonly kind: "listening"; readonly url: string }
  /** A failure that nobody waits for. */
  | { readonly kind: "error"; readonly text: string };

/** One life of a server over a segment log, which loads its program at once and opens the store when it is told. */
export class StoreServer {
  /** When it begins to open the store. */
  readonly opening: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #listening = createDeferred<string>();
  readonly #tokens = new Map<string, string>();
  /** What it reported so far. */
  readonly errors: string[] = [];
  #wasKilled = false;

  /** Opens the store at once. */
  static async start(directory: string, options: StoreServerOptions): Promise<StoreServer> {
    const server = new StoreServer(directory, options);
    server.open();
    await server.url;
    return server;
  }

  constructor(directory: string, options: StoreServerOptions) {
    this.#child = fork(programPath, [directory, JSON.stringify(options)]);
    this.opening = once(this.#child, "message");
    this.#child.on("message", (message) => this.#hear(message as ServerMessage));
    this.#child.once("exit", (code) => {
      this.#listening.reject(new Error(`the server ended with ${code}: ${this.errors.join("\n")}`));
    });
    this.#listening.promise.catch(() => undefined);
  }

  open(): void {
    this.#child.send("open");
  }

  /** Once it listens. */
  get url(): Promise<string> {
    return this.#listening.promise;
  }

  get wasKilled(): boolean {
    return this.#wasKilled;
  }

  async api(identity: string): Promise<Api> {
    const exp = Math.floor(Date.now() / 1000) + tokenSeconds;
    const token = this.#tokens.get(identity) ?? (await signToken(identity, { exp }));
    this.#tokens.set(identity, token);
    return new Api(await this.url, new GivenCredentials(token), defaultSystem);
  }

  /** As `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#wasKilled = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #hear(message: ServerMessage): void {
    if (message.kind === "error") this.errors.push(message.text);
    if (message.kind === "listening") this.#listening.resolve(message.url);
  }
}
