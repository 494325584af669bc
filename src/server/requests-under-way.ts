import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ChannelError } from "../core/errors.ts";
import { RequestLife } from "./request-life.ts";

interface UnderWay {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly life: RequestLife;
}

const retryAfterMs = 1_000;

/**
 * Requests under way, by connection. One that was sent behind others waits for its turn to be answered, and
 * Node tells it of the connection's end only once it is its turn: without this it would be held for ever.
 */
export class RequestsUnderWay {
  readonly #perConnection: number;
  /** Those that have one: an idle connection, which may be a WebSocket for weeks, costs nothing here. */
  readonly #connections = new WeakMap<Socket, Set<UnderWay>>();
  /** One for all connections, called with the one that has gone. */
  readonly #onClose: (this: Socket) => void;

  constructor(perConnection: number) {
    this.#perConnection = perConnection;
    const connections = this.#connections;
    this.#onClose = function () {
      for (const { life } of connections.get(this) ?? []) life.end();
      connections.delete(this);
    };
  }

  /** Errors: `too_many_requests`. */
  begin(request: IncomingMessage, response: ServerResponse): RequestLife {
    const { socket } = request;
    const underWay = this.#of(socket);
    if (underWay.size >= this.#perConnection)
      throw new ChannelError("too_many_requests", {
        limit: "requests of one connection",
        retryAfterMs,
      });
    const life = new RequestLife();
    const one = { request, response, life };
    underWay.add(one);
    response.once("close", () => {
      underWay.delete(one);
      life.end();
      if (underWay.size === 0) this.#forget(socket);
    });
    return life;
  }

  /** Whether what is written to the connection now would be taken for an answer to a whole request. */
  isAnswering(socket: Socket): boolean {
    return [...(this.#connections.get(socket) ?? [])].some(
      ({ request, response }) => request.complete || response.headersSent,
    );
  }

  #of(socket: Socket): Set<UnderWay> {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const underWay = new Set<UnderWay>();
    this.#connections.set(socket, underWay);
    socket.on("close", this.#onClose);
    return underWay;
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket);
    socket.off("close", this.#onClose);
  }
}
