import type { Duplex } from "node:stream";
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { RawData, WebSocket } from "ws";
import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import { ChannelError, invalidArgument, isChannelError } from "../core/errors.ts";
import { errorStatus } from "../protocol/error-status.ts";
import type { FrameForm } from "../protocol/frame.ts";
import { encodeTime } from "../protocol/json-form.ts";
import type { ReceivedMessage, SocketLimits } from "../protocol/socket-message.ts";
import type { EncodedPages } from "./encoded-pages.ts";
import type { Beating, Heartbeats } from "./heartbeats.ts";
import type { RouteContext } from "./route-context.ts";
import { decodeClientFrame } from "./socket-inbox.ts";
import { SocketIntake } from "./socket-intake.ts";
import type { IntakeOwner } from "./socket-intake.ts";
import { send } from "./socket-link.ts";
import type { SocketLink } from "./socket-link.ts";
import { SocketOutbox } from "./socket-outbox.ts";
import type { OutboxOwner } from "./socket-outbox.ts";
import { SocketRequests } from "./socket-requests.ts";
import type { Identified } from "./token-verifier.ts";

/** What all sessions of one form share: in an idle connection every object of its own counts. */
export interface SessionOptions {
  readonly context: RouteContext;
  readonly form: FrameForm;
  readonly limits: SocketLimits;
  readonly pages: EncodedPages;
  readonly heartbeats: Heartbeats;
  /** The connection is gone. */
  readonly onClose: (session: SocketSession) => void;
}

/** Of silence, in heartbeats, after which the peer is given up. */
const silenceMax = 3;

/** One WebSocket from its first frame to its close code. */
export class SocketSession implements SocketLink, OutboxOwner, IntakeOwner, Beating {
  readonly outbox: SocketOutbox;
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #address: string;
  readonly #log: FastifyBaseLogger;
  readonly #intake: SocketIntake;
  readonly #requests: SocketRequests;
  #frames: (string | Uint8Array)[] = [];
  #isWorking = false;
  #isVerifying = false;
  #isClosing = false;
  #identified: Identified | undefined;
  #heardAtMs: number;
  /** Until the hello is due, then until the token expires if that comes before the next heartbeat. */
  #timer: { cancel(): void } | undefined;

  /** `address` is that of the connection, or what a trusted proxy names. */
  constructor(
    socket: WebSocket,
    raw: Duplex,
    options: SessionOptions,
    { ip: address, log }: Pick<FastifyRequest, "ip" | "log">,
  ) {
    const { clock, limits } = options.context;
    this.#heardAtMs = clock.monotonicMs();
    this.#socket = socket;
    this.#options = options;
    this.#address = address;
    this.#log = log;
    this.outbox = new SocketOutbox(socket, options, this);
    this.#intake = new SocketIntake(raw, this);
    this.#requests = new SocketRequests(this, limits.subscriptionsPerSocket);
    this.#watchHello();
    // They stay as long as the connection does: what they name beside `this` would, too.
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // What it is about the close code says; `close` follows.
    socket.on("error", () => this.#leave());
    socket.on("close", () => {
      this.#leave();
      this.#options.onClose(this);
    });
  }

  get broker(): Broker {
    return this.#options.context.broker;
  }

  get pages(): EncodedPages {
    return this.#options.pages;
  }

  get caller(): Caller {
    return this.#requireIdentified().caller;
  }

  logFailure(error: unknown): void {
    this.#log.error({ err: error }, "socket failed");
  }

  /** Subscriptions have been told; the connection ends when they know. */
  shutDown(): void {
    const error = new ChannelError("shutting_down", { retryAfterMs: 1_000 });
    this.outbox.whenEmpty(() => this.end(error));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heardAtMs = this.#options.context.clock.monotonicMs();
    this.#intake.reset();
    if (this.#isClosing) return;
    const bytes = data as Buffer;
    this.#frames.push(isBinary ? bytes : bytes.toString("utf8"));
    if (!this.#isWorking) void this.#work();
  }

  countUnsent(length: number): () => void {
    return this.#options.context.answers.take(this.#address, length);
  }

  /** Whoever is not known yet gets no more than anybody does. */
  countIntake(bytes: number): () => void {
    if (this.#identified === undefined)
      throw new ChannelError("message_too_large", { limitBytes: bytes });
    return this.#options.context.bodies.take(this.#address, bytes);
  }

  /** Frames one after the other, messages in order: what follows a token is done with it. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        const messages = decodeClientFrame(this.#options.form, frame);
        if (this.#identified === undefined) requireHello(messages);
        for (const message of messages) {
          const verifying = this.#handle(message);
          if (verifying !== undefined) await this.#pausedUntil(verifying);
          if (this.#isClosing) return;
        }
      }
    } catch (error) {
      this.end(error);
    } finally {
      this.#isWorking = false;
      // Emptied, the list would still have room for as many.
      this.#frames = [];
    }
  }

  #handle(message: ReceivedMessage): Promise<void> | undefined {
    switch (message.kind) {
      case "hello":
        if (this.#identified !== undefined) throw invalidArgument("hello", "sent once");
        return this.#welcome(message.token);
      case "token":
        return this.#replaceToken(message.token);
      case "ping":
        send(this, { kind: "pong" });
        break;
      case "pong":
        break;
      default:
        this.#requests.handle(message);
    }
    this.pauseOrResume();
    return undefined;
  }

  async #welcome(token: string): Promise<void> {
    const { context, limits } = this.#options;
    const identified = await this.#identify(token);
    if (this.#isClosing) return;
    this.#use(identified);
    send(this, {
      kind: "welcome",
      version: 1,
      identity: identified.caller.identity,
      expiresat: encodeTime(identified.expiresAt),
      heartbeatms: context.heartbeatMs,
      limits,
    });
  }

  async #replaceToken(token: string): Promise<void> {
    const identified = await this.#identify(token);
    if (this.#isClosing) return;
    if (identified.caller.identity !== this.#requireIdentified().caller.identity)
      throw new ChannelError("forbidden", { reason: "the token is of another identity" });
    this.#use(identified);
    send(this, { kind: "token", expiresat: encodeTime(identified.expiresAt) });
  }

  async #identify(token: string): Promise<Identified> {
    const { context } = this.#options;
    const address = this.#address;
    try {
      return await context.authentication.identifyBearer(token);
    } catch (error) {
      if (isChannelError(error, "unauthenticated") || isChannelError(error, "token_expired"))
        context.audit.note({ address, action: "socket", code: error.code, reason: error.message });
      throw error;
    }
  }

  #use(identified: Identified): void {
    this.#identified = identified;
    this.#options.heartbeats.add(this);
    this.#watchExpiry(identified.expiresAt);
  }

  #watchHello(): void {
    const { clock, limits } = this.#options.context;
    this.#timer = clock.after(limits.helloMs, () => this.#endUnheard(limits.helloMs));
  }

  /** One that expires later the next heartbeat looks at again: an idle connection has no timer of its own. */
  #watchExpiry(expiresAt: number): void {
    const { clock, heartbeatMs } = this.#options.context;
    this.#timer?.cancel();
    this.#timer = undefined;
    const leftMs = expiresAt - clock.now();
    if (leftMs > heartbeatMs) return;
    this.#timer = clock.after(leftMs, () => {
      // Wall time may jump.
      if (clock.now() < expiresAt) this.#watchExpiry(expiresAt);
      else this.end(new ChannelError("token_expired", { expiredAt: expiresAt }));
    });
  }

  beat(): void {
    const { clock, heartbeatMs } = this.#options.context;
    this.#watchExpiry(this.#requireIdentified().expiresAt);
    // What it has said meanwhile is not known.
    if (this.#socket.isPaused) return;
    const silentMs = clock.monotonicMs() - this.#heardAtMs;
    if (silentMs >= silenceMax * heartbeatMs) this.#endUnheard(silenceMax * heartbeatMs);
    else if (silentMs >= heartbeatMs) {
      send(this, { kind: "ping" });
      this.#requests.signOfLife();
    }
  }

  #endUnheard(limitMs: number): void {
    this.end(new ChannelError("request_timeout", { limitMs }));
  }

  async #pausedUntil(verifying: Promise<void>): Promise<void> {
    this.#isVerifying = true;
    this.pauseOrResume();
    try {
      await verifying;
    } finally {
      this.#isVerifying = false;
      this.pauseOrResume();
    }
  }

  /** What a client has sent is not read while there is no room for what that leads to. */
  pauseOrResume(): void {
    const { unsettledBytesPerSocket } = this.#options.context.limits;
    const isFull =
      this.#isVerifying ||
      this.outbox.isFull ||
      this.#requests.unsettledBytes > unsettledBytesPerSocket;
    if (isFull === this.#socket.isPaused) return;
    if (isFull) this.#socket.pause();
    else {
      this.#heardAtMs = this.#options.context.clock.monotonicMs();
      this.#socket.resume();
    }
  }

  #requireIdentified(): Identified {
    if (this.#identified === undefined) throw invalidArgument("first message", "a hello");
    return this.#identified;
  }

  /** Closes with the code of the error: the client knows by it whether to come back. */
  end(error: unknown): void {
    if (this.#isClosing) return;
    const told = toldOf(error);
    if (told.code === "internal_error") this.logFailure(error);
    this.#leave();
    this.#socket.close(errorStatus[told.code].closeCode, told.code);
    // The peer's answer is to be heard.
    this.#socket.resume();
  }

  #leave(): void {
    this.#isClosing = true;
    this.#intake.close();
    this.#frames = [];
    this.#timer?.cancel();
    this.#options.heartbeats.remove(this);
    this.outbox.close();
    this.#requests.close();
  }
}

/** Of the budgets, whoever has used them up: there is no room. */
function toldOf(error: unknown): ChannelError {
  if (isChannelError(error, "too_many_requests"))
    return new ChannelError("overloaded", { retryAfterMs: error.details.retryAfterMs });
  if (isChannelError(error)) return error;
  return new ChannelError("internal_error", {}, { cause: error });
}

function requireHello([first]: readonly ReceivedMessage[]): void {
  if (first?.kind !== "hello") throw invalidArgument("first message", "a hello");
}
