import type { Socket } from "node:net";
import { openSocket, readAnswer, sendRaw } from "../../doors/raw-request.ts";
import type { RawAnswer } from "../../doors/raw-request.ts";
import type { AttackWorld } from "./attack-world.ts";

/** Status, and the code of a refusal: `401 unauthenticated`. */
export function verdictOf({ status, body }: Pick<RawAnswer, "status" | "body">): string {
  if (status < 400 || body === "") return String(status);
  return `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

/** Each verdict with how often it was given. */
export function tally(verdicts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** One client with whatever sockets it likes, from an address of its own. */
export class Attacker {
  readonly world: AttackWorld;
  readonly #address: string;
  readonly #sockets: Socket[] = [];

  constructor(world: AttackWorld, address = "127.0.0.66") {
    this.world = world;
    this.#address = address;
  }

  async open(address = this.#address): Promise<Socket> {
    const socket = await openSocket(this.world.port, address);
    this.#sockets.push(socket);
    return socket;
  }

  /** A few at a time: a listening socket has a short queue. */
  async openMany(count: number, address = this.#address): Promise<Socket[]> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const next = Math.min(100, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: next }, () => this.open(address)))));
    }
    return sockets;
  }

  /** The verdict on text that is sent as it is. */
  async send(text: string): Promise<string> {
    return verdictOf(await sendRaw(this.world.port, text, this.#address));
  }

  /** The verdict that a connection gets, or `closed` without one. */
  async verdict(socket: Socket): Promise<string> {
    try {
      return verdictOf(await readAnswer(socket));
    } catch {
      return "closed";
    }
  }

  /** Lines of a head with the host, and the bearer's token if one is given. */
  head(request: string, lines: readonly string[] = [], token?: string): string {
    const bearer = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const host = `Host: 127.0.0.1:${this.world.port}`;
    return [`${request} HTTP/1.1`, host, ...bearer, ...lines, "\r\n"].join("\r\n");
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.length = 0;
  }
}
