import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createDeferred } from "../../src/core/deferred.ts";

const programPath = fileURLToPath(new URL("cluster-node.mjs", import.meta.url));

export interface ClusterNodeOptions {
  /** The built program. */
  readonly distPath: string;
  /** To NATS. */
  readonly connection: { readonly servers: string[]; readonly ignoreClusterUpdates?: boolean };
  readonly storeName: string;
  readonly replicas: number;
}

export type NodeMessage =
  | { readonly kind: "listening"; readonly url: string }
  /** A failure that nobody waits for. */
  | { readonly kind: "error"; readonly text: string };

/** One life of a node. */
export class ClusterNode {
  readonly url: string;
  /** What it reported so far. */
  readonly errors: readonly string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, errors: readonly string[]) {
    this.#child = child;
    this.url = url;
    this.errors = errors;
  }

  static async start(options: ClusterNodeOptions): Promise<ClusterNode> {
    const child = fork(programPath, [JSON.stringify(options)]);
    const errors: string[] = [];
    const listening = createDeferred<string>();
    child.on("message", (message: NodeMessage) => {
      if (message.kind === "listening") listening.resolve(message.url);
      else errors.push(message.text);
    });
    child.once("exit", (code) => {
      listening.reject(new Error(`the node ended with ${code}: ${errors.join("\n")}`));
    });
    return new ClusterNode(child, await listening.promise, errors);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** As a load balancer asks. */
  async isReady(): Promise<boolean> {
    return (await fetch(`${this.url}/readyz`)).ok;
  }

  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** As `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
