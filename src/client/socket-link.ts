import { ChannelError, isErrorCode, unavailable } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import {
  decodeFrame,
  encodeEntries,
  encodeEntriesMessage,
  encodeFrame,
  encodeMessage,
  frameBytesTarget,
  formOf,
  subprotocols,
  type EncodedMessage,
  type FrameForm,
} from "../protocol/frame.ts";
import { decodeEntryFields } from "../protocol/json-form.ts";
import { encodeInputFields } from "../protocol/socket-message.ts";
import type { ClientMessage, ServerMessage } from "../protocol/socket-message.ts";
import { probeMs, type Link, type LinkMessage, type LinkRequest, type LinkSink } from "./link.ts";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";

/** Until the server has said how often it shows signs of life. */
const firstHeartbeatMs = 15_000;
/** `WebSocket.OPEN`, which not every implementation has as a constant. */
const openState = 1;
/** From here to the last close code there is, 4999, a client does not come back (PROTOCOL §7.6), whatever the reason. */
const finalCodeMin = 4_500;

export interface SocketLinkOptions {
  /** Of the server, with http: or https:. */
  readonly url: string;
  readonly token: string;
  readonly webSocket: WebSocketConstructor;
  readonly system: System;
  readonly sink: LinkSink;
}

/** PROTOCOL §7 as it is: what gathers in one turn goes as one frame. */
export class SocketLink implements Link {
  readonly appendBytesMax = frameBytesTarget;
  readonly appendsMax = Infinity;
  readonly #socket: WebSocketLike;
  readonly #system: System;
  readonly #sink: LinkSink;
  #form: FrameForm = "json";
  #outgoing: EncodedMessage[] = [];
  #outgoingBytes = 0;
  #heartbeatMs = firstHeartbeatMs;
  #heardAtMs: number;
  /** When the other end is given up, unless it is heard. */
  #deadlineMs = Infinity;
  #timer: { cancel(): void } | undefined;
  #isOver = false;

  constructor({ url, token, webSocket, system, sink }: SocketLinkOptions) {
    this.#system = system;
    this.#sink = sink;
    this.#heardAtMs = system.clock.monotonicMs();
    const address = `${url.replace(/^http/, "ws")}/v1/socket`;
    this.#socket = new webSocket(address, [...subprotocols]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#form = formOf(this.#socket.protocol);
      this.#send({ kind: "hello", token });
    };
    this.#socket.onmessage = ({ data }: { readonly data: string | ArrayBuffer }) =>
      this.#receive(data);
    // The event of closing follows, and says more.
    this.#socket.onerror = () => undefined;
    this.#socket.onclose = (event: { readonly code: number; readonly reason: string }) =>
      this.#end(closeError(event));
  }

  send(message: LinkRequest): void {
    this.#send(message);
  }

  probe(): void {
    this.#send({ kind: "ping" });
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#system.clock.monotonicMs() + probeMs);
    this.#watch();
  }

  close(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#isOver = true;
    this.#timer?.cancel();
    this.#socket.close(1000);
  }

  #send(message: ClientMessage): void {
    if (this.#isOver) return;
    const encoded = encode(this.#form, message);
    const bytes = encoded.payloads.reduce((sum, p) => sum + p.length, encoded.text.length);
    if (this.#outgoingBytes > 0 && this.#outgoingBytes + bytes > frameBytesTarget) this.#flush();
    if (this.#outgoing.length === 0) atEndOfTurn(() => this.#flush());
    this.#outgoing.push(encoded);
    this.#outgoingBytes += bytes;
  }

  #flush(): void {
    // The other end may have closed already, and the event comes later: nothing can be sent any more.
    if (this.#outgoing.length === 0 || this.#isOver || this.#socket.readyState !== openState)
      return;
    const frame = encodeFrame(this.#form, this.#outgoing);
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#socket.send(frame);
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#isOver) return;
    this.#heardAtMs = this.#system.clock.monotonicMs();
    this.#deadlineMs = this.#heardAtMs + 3 * this.#heartbeatMs;
    try {
      const frame = typeof data === "string" ? data : new Uint8Array(data);
      for (const message of decodeFrame(frame, decodeEntryFields))
        this.#take(message as unknown as ServerMessage);
    } catch (error) {
      this.#end(unavailable("a frame makes no sense", error));
    }
  }

  #take(message: ServerMessage): void {
    const { kind } = message;
    if (this.#isOver || kind === "pong") return;
    if (kind === "ping") return this.#send({ kind: "pong" });
    if (message.kind !== "welcome") return this.#sink.received(message as LinkMessage);
    this.#heartbeatMs = message.heartbeatms;
    this.#deadlineMs = this.#heardAtMs + 3 * this.#heartbeatMs;
    // A proxy that lets the beginning through and gathers the rest shows itself at once.
    this.probe();
    this.#sink.opened(Date.parse(message.expiresat));
  }

  /** One timer, which looks how long ago the other end was heard: nothing is set anew for each frame. */
  #watch(): void {
    this.#timer?.cancel();
    const { clock } = this.#system;
    const now = clock.monotonicMs();
    if (now >= this.#deadlineMs) {
      const limitMs = Math.round(now - this.#heardAtMs);
      return this.#end(new ChannelError("request_timeout", { limitMs }));
    }
    if (now - this.#heardAtMs >= this.#heartbeatMs) this.#send({ kind: "ping" });
    const nextMs = Math.min(this.#deadlineMs - now, this.#heartbeatMs);
    this.#timer = clock.after(nextMs, () => this.#watch());
  }

  #end(error: ChannelError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#socket.close();
    this.#sink.closed(error);
  }
}

/** In node what several messages lead to in one turn goes together; a browser has a turn for each message. */
const { setImmediate: atEndOfTurn = queueMicrotask } = globalThis as {
  readonly setImmediate?: (callback: () => void) => unknown;
};

function encode(form: FrameForm, message: ClientMessage): EncodedMessage {
  if (message.kind !== "append") return encodeMessage(message);
  const { entries, ...fields } = message;
  return encodeEntriesMessage(fields, encodeEntries(form, entries, encodeInputFields));
}

function closeError({
  code,
  reason,
}: {
  readonly code: number;
  readonly reason: string;
}): ChannelError {
  const told = { reason: `the connection was closed (${code})` };
  const isFinal = code >= finalCodeMin;
  return new ChannelError(
    isErrorCode(reason) ? reason : isFinal ? "forbidden" : "unavailable",
    told,
  );
}
