import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { ServerLimits } from "./server-limits.ts";
import { SharedBudget } from "./shared-budget.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** How long a connection beyond the limit may take to hear why, and how many of them there are at a time. */
const excessMs = 1_000;
const excessMax = 256;

/** Counts connections. Those beyond the limit are told why, as far as they are not too many either. */
export class ConnectionLimit {
  readonly #proxies: TrustedProxies;
  readonly #budget: SharedBudget;
  /** Connections that came when the limit was reached, with their refusal. */
  readonly #refusals = new Map<Socket, unknown>();
  readonly #counted = new WeakSet<Socket>();

  constructor({ connections, connectionsPerAddress }: ServerLimits, proxies: TrustedProxies) {
    this.#proxies = proxies;
    this.#budget = new SharedBudget("connections", {
      total: connections,
      perAddress: connectionsPerAddress,
    });
  }

  watch(server: HttpServer): void {
    server.on("connection", (socket: Socket) => this.#count(socket));
  }

  /** Why this connection is one too many, if it is. */
  refusalOf(socket: Socket): unknown {
    return this.#refusals.get(socket);
  }

  #count(socket: Socket): void {
    // One that is given back after an offer of another protocol comes a second time.
    if (this.#counted.has(socket)) return;
    this.#counted.add(socket);
    const { remoteAddress = "" } = socket;
    // What comes through a proxy is counted by request, under the address that the proxy names.
    if (this.#proxies.has(remoteAddress)) return;
    try {
      // It closes once: `on` needs no object that remembers whether it did.
      socket.on("close", this.#budget.take(remoteAddress));
    } catch (error) {
      this.#refuse(socket, error);
    }
  }

  #refuse(socket: Socket, error: unknown): void {
    if (this.#refusals.size >= excessMax) {
      socket.destroy();
      return;
    }
    this.#refusals.set(socket, error);
    socket.once("close", () => this.#refusals.delete(socket));
    socket.setTimeout(excessMs, () => socket.destroy());
  }
}
