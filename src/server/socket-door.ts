import type { IncomingMessage } from "node:http";
import { ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { WebSocket, WebSocketServer } from "ws";
import { createDeferred } from "../core/deferred.ts";
import { invalidArgument } from "../core/errors.ts";
import { errorStatus } from "../protocol/error-status.ts";
import { formOf, subprotocols } from "../protocol/frame.ts";
import type { FrameForm } from "../protocol/frame.ts";
import type { SocketLimits } from "../protocol/socket-message.ts";
import { EncodedPages } from "./encoded-pages.ts";
import { Heartbeats } from "./heartbeats.ts";
import { ignoreUpgrade } from "./ignored-upgrade.ts";
import type { RouteContext } from "./route-context.ts";
import { SocketSession } from "./socket-session.ts";
import type { SessionOptions } from "./socket-session.ts";

interface Upgrade {
  readonly socket: Socket;
  /** Refusals are written to it. */
  readonly response: ServerResponse;
  /** What came behind the request. */
  readonly head: Buffer;
}

const path = "/v1/socket";
const MiB = 1024 * 1024;

/** Close codes of RFC 6455 §7.4.1 for frames that cannot be taken, as this protocol's. */
const closeCodes: ReadonlyMap<number, "message_too_large" | "invalid_argument"> = new Map([
  [1002, "invalid_argument"],
  [1003, "invalid_argument"],
  [1007, "invalid_argument"],
  [1008, "invalid_argument"],
  [1009, "message_too_large"],
]);

/** Where its library refuses what the peer sends, it closes with this protocol's code. */
class DoorSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    const error = code === undefined ? undefined : closeCodes.get(code);
    if (error === undefined) super.close(code, reason);
    else super.close(errorStatus[error].closeCode, error);
  }
}

/** The way in for WebSockets: a route like every other until the connection is handed over. */
export class SocketDoor {
  readonly #server: WebSocketServer;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  readonly #sessions = new Set<SocketSession>();
  readonly #sessionOptions: Readonly<Record<FrameForm, SessionOptions>>;
  #isShuttingDown = false;
  readonly #allClosed = createDeferred();

  constructor(context: RouteContext) {
    const { payloadBytesMax, batchEntriesMax } = context.broker.limits;
    const { subscriptionsPerSocket, unsettledBytesPerSocket } = context.limits;
    const limits: SocketLimits = {
      // Base64 takes 4 bytes for 3, and there is more in a frame than one payload.
      framebytes: Math.ceil(payloadBytesMax / 3) * 4 + MiB,
      payloadbytes: payloadBytesMax,
      batchentries: batchEntriesMax,
      unsettledbytes: unsettledBytesPerSocket,
      subscriptions: subscriptionsPerSocket,
    };
    const heartbeats = new Heartbeats(context.clock, context.heartbeatMs);
    const onClose = (session: SocketSession): void => this.#remove(session);
    const optionsOf = (form: FrameForm): SessionOptions => ({
      ...{ context, form, limits, heartbeats, onClose },
      pages: new EncodedPages(form),
    });
    this.#sessionOptions = { json: optionsOf("json"), binary: optionsOf("binary") };
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.framebytes,
      handleProtocols: (offered) =>
        [...offered].find((name) => subprotocols.includes(name)) ?? false,
      WebSocket: DoorSocket,
    });
  }

  /** Whether the request asks for a WebSocket: a page of any site may do that without asking first. */
  isUpgrade(request: IncomingMessage): boolean {
    return this.#upgrades.has(request);
  }

  install(app: FastifyInstance): void {
    const { server } = app;
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.headers.upgrade?.toLowerCase() !== "websocket") {
        ignoreUpgrade(server, request, socket, head);
        return;
      }
      // All that Node promises is a stream; a server that listens on TCP gives sockets.
      if (!(socket instanceof Socket)) {
        socket.destroy();
        return;
      }
      const response = new ServerResponse(request);
      this.#upgrades.set(request, { socket, head, response });
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once("finish", () => socket.end());
      app.routing(request, response);
    });
    const config = { access: "anyone" } as const;
    app.get(path, { schema: { hide: true }, config }, async (request, reply) => {
      this.#open(request);
      return reply.hijack();
    });
  }

  /** Tells all of them that the server goes; the broker has ended what they read. Resolves when they are gone. */
  shutDown(): Promise<void> {
    this.#isShuttingDown = true;
    for (const session of this.#sessions) session.shutDown();
    this.#resolveIfClosed();
    return this.#allClosed.promise;
  }

  terminate(): void {
    for (const session of this.#sessions) session.terminate();
  }

  #open(request: FastifyRequest): void {
    const upgrade = this.#upgrades.get(request.raw);
    if (upgrade === undefined) throw invalidArgument("request", "one for a WebSocket");
    requireHandshake(request);
    const { socket, head, response } = upgrade;
    // A connection may live for weeks: nothing of its request is kept.
    response.detachSocket(socket);
    response.emit("close");
    this.#server.handleUpgrade(request.raw, socket, head, (webSocket) => {
      const form = formOf(webSocket.protocol);
      const options = this.#sessionOptions[form];
      const session = new SocketSession(webSocket, socket, options, request);
      this.#sessions.add(session);
      if (this.#isShuttingDown) session.shutDown();
    });
  }

  #remove(session: SocketSession): void {
    this.#sessions.delete(session);
    this.#resolveIfClosed();
  }

  #resolveIfClosed(): void {
    if (this.#isShuttingDown && this.#sessions.size === 0) this.#allClosed.resolve();
  }
}

/** Everything that the library would refuse in its own form. */
function requireHandshake({ headers, url }: FastifyRequest): void {
  const { "sec-websocket-key": key, "sec-websocket-version": version } = headers;
  const { "sec-websocket-protocol": protocol = "" } = headers;
  // A token in it would stand in logs and histories.
  if (url.includes("?")) throw invalidArgument("URL", "without a query");
  if (version !== "13") throw invalidArgument("Sec-WebSocket-Version", "13");
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key ?? ""))
    throw invalidArgument("Sec-WebSocket-Key", "16 bytes in base64");
  const offered = protocol.split(",").map((name) => name.trim());
  if (!offered.every((name) => /^[\w.-]+$/.test(name)) || new Set(offered).size < offered.length)
    throw invalidArgument("Sec-WebSocket-Protocol", "different names");
  if (!offered.some((name) => subprotocols.includes(name)))
    throw invalidArgument("Sec-WebSocket-Protocol", subprotocols.join(" or "));
}
