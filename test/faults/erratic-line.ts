import { createServer, connect } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What becomes of a connection once so many bytes have passed. */
type Fate = "none" | "reset" | "half-open" | "mute";

const fates: readonly Fate[] = ["none", "none", "none", "reset", "reset", "half-open", "mute"];
const fateBytesMax = 12_000;
const muteMsMax = 700;
/** Then something on the way forgets the connection, later than whoever watches it. */
const halfOpenMsMax = 3_000;
const delayMsMax = 12;
const pieceBytesMax = 300;

/**
 * A line between clients and a server that delays, splits, resets, goes half-open, goes mute and comes back,
 * at random. Its pauses are what it does, and nothing waits for them. Listens on loopback.
 */
export class ErraticLine {
  readonly port: number;
  /** Where new connections go; none is taken meanwhile. */
  targetPort: number | undefined;
  /** How often each fate came. */
  readonly counts: Record<Fate, number> = { none: 0, reset: 0, "half-open": 0, mute: 0 };
  readonly #server: Server;
  readonly #random: (below: number) => number;
  readonly #sockets = new Set<Socket>();
  #isCalm = false;

  private constructor(server: Server, random: (below: number) => number) {
    this.#server = server;
    this.#random = random;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => this.#accept(client));
  }

  static async start(random: (below: number) => number): Promise<ErraticLine> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new ErraticLine(server, random);
  }

  /** New connections are good ones. Those that hang go on hanging: it is for the clients to notice. */
  calm(): void {
    this.#isCalm = true;
  }

  /** The server is gone: what was under way from it is lost with it. */
  unplug(): void {
    this.targetPort = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.unplug();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    client.on("error", () => undefined);
    if (this.targetPort === undefined) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.targetPort, "127.0.0.1");
    const fate = this.#isCalm ? "none" : (fates[this.#random(fates.length)] ?? "none");
    const connection = { fate, bytesLeft: this.#random(fateBytesMax) };
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => from.destroy());
      from.on("close", (hadError) => {
        this.#sockets.delete(from);
        // What came before a regular end still goes out.
        if (hadError || !to.writableEnded) to.destroy();
      });
      // What it makes of a connection that is gone concerns nobody.
      this.#carry(from, to, connection).catch(() => undefined);
    }
  }

  async #carry(
    from: Socket,
    to: Socket,
    connection: { readonly fate: Fate; bytesLeft: number },
  ): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (const piece of this.#split(chunk)) {
        if (!this.#isCalm && this.#random(3) === 0) await delay(this.#random(delayMsMax));
        const isDue = connection.bytesLeft > 0 && connection.bytesLeft <= piece.byteLength;
        connection.bytesLeft -= piece.byteLength;
        if (isDue) this.counts[connection.fate]++;
        const isDead = connection.bytesLeft <= 0 && connection.fate === "half-open";
        if (isDead) await delay(this.#random(halfOpenMsMax));
        if (isDue && connection.fate === "mute") await delay(this.#random(muteMsMax));
        if (isDead || (isDue && connection.fate === "reset")) {
          to.resetAndDestroy();
          from.resetAndDestroy();
          return;
        }
        if (!to.write(piece)) await new Promise((resolve) => to.once("drain", resolve));
      }
    }
    to.end();
  }

  #split(chunk: Buffer): Buffer[] {
    if (this.#isCalm || this.#random(3) > 0) return [chunk];
    const pieces: Buffer[] = [];
    for (let at = 0; at < chunk.byteLength;) {
      const end = at + 1 + this.#random(pieces.length < 20 ? pieceBytesMax : chunk.byteLength);
      pieces.push(chunk.subarray(at, end));
      at = end;
    }
    return pieces;
  }
}
