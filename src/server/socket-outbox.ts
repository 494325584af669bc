import type { WebSocket } from "ws";
import { ChannelError } from "../core/errors.ts";
import { encodeFrame, frameBytesTarget } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import type { RouteContext } from "./route-context.ts";

/** What has messages for the peer, and makes them only when there is room for them. */
export interface OutboxSource {
  /** The next message, if there is one now. One that comes later keeps nobody else waiting. */
  take(): EncodedMessage | undefined | Promise<EncodedMessage | undefined>;
}

/** What all sockets share. */
export interface OutboxOptions {
  readonly form: FrameForm;
  readonly context: Pick<RouteContext, "clock" | "stallMs" | "streamWrites">;
}

export interface OutboxOwner {
  /** Counts what the peer has not taken; returns what gives it back. Errors: as `SharedBudget.take`. */
  countUnsent(length: number): () => void;
  /** There is room again after `isFull`. */
  pauseOrResume(): void;
  /** The peer has stalled, or something has failed, also where `countUnsent` throws. */
  end(error: unknown): void;
}

/** What may lie between here and the system's buffer: enough to keep it busy. */
const unsentBytesMax = 2 * frameBytesTarget;
/** Sources that wait for the store at a time: each comes back with a page. */
const awaitedMax = 4;

/**
 * What goes to the peer of a socket. Messages gather for one turn of the event loop; sources are asked in
 * turn, and only while the peer takes what it is sent.
 */
export class SocketOutbox {
  readonly #socket: WebSocket;
  readonly #options: OutboxOptions;
  readonly #owner: OutboxOwner;
  #messages: EncodedMessage[] = [];
  #bytes = 0;
  /** In the order in which they are asked. Undefined where there is none, as in most sockets most of the time. */
  #ready: Set<OutboxSource> | undefined;
  #awaited: OutboxSource[] = [];
  #isScheduled = false;
  #isClosed = false;
  #wasFull = false;
  #stall: { cancel(): void } | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(socket: WebSocket, options: OutboxOptions, owner: OutboxOwner) {
    this.#socket = socket;
    this.#options = options;
    this.#owner = owner;
  }

  /** More than a frame waits for room: whoever causes messages is not to cause more of them. */
  get isFull(): boolean {
    return this.#bytes >= frameBytesTarget;
  }

  send(message: EncodedMessage): void {
    if (this.#isClosed) return;
    this.#push(message);
    this.#schedule();
  }

  /** The source may have something. */
  ready(source: OutboxSource): void {
    if (this.#isClosed) return;
    this.#ready ??= new Set();
    this.#ready.add(source);
    this.#schedule();
  }

  remove(source: OutboxSource): void {
    this.#ready?.delete(source);
  }

  /** Calls back once all that there is now was handed to the socket. */
  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#messages = [];
    this.#bytes = 0;
    this.#ready?.clear();
    this.#stall?.cancel();
  }

  #push(message: EncodedMessage): void {
    this.#messages.push(message);
    this.#bytes += message.text.length;
    for (const { length } of message.payloads) this.#bytes += length;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#turn().catch((error: unknown) => this.#owner.end(error));
    });
  }

  async #turn(): Promise<void> {
    await this.#options.context.streamWrites.next();
    this.#isScheduled = false;
    if (this.#isClosed) return;
    if (!this.#hasRoom()) {
      this.#stall ??= this.#watchStall();
      return;
    }
    if (this.#ready !== undefined) this.#askSources(this.#ready);
    if (this.#ready?.size === 0) this.#ready = undefined;
    if (this.#messages.length > 0) this.#sendFrame();
    const hasMessages = this.#messages.length > 0;
    const areAwaited = this.#awaited.length;
    if (!hasMessages && this.#ready === undefined && areAwaited === 0) this.#whenEmpty?.();
    if (hasMessages || (this.#ready !== undefined && areAwaited < awaitedMax)) this.#schedule();
  }

  #hasRoom(): boolean {
    return this.#socket.bufferedAmount < unsentBytesMax;
  }

  #askSources(ready: Set<OutboxSource>): void {
    for (const source of ready) {
      if (this.#bytes >= frameBytesTarget || this.#awaited.length >= awaitedMax) return;
      ready.delete(source);
      // It has its answer under way, and is asked again after that.
      if (this.#awaited.includes(source)) continue;
      const message = source.take();
      if (message instanceof Promise) this.#await(source, message);
      else if (message !== undefined) {
        this.#push(message);
        // Whether it has more it knows when it is asked again.
        ready.add(source);
      }
    }
  }

  #await(source: OutboxSource, coming: Promise<EncodedMessage | undefined>): void {
    this.#awaited.push(source);
    coming
      .then((message) => {
        if (message !== undefined && !this.#isClosed) this.#push(message);
      })
      .catch((error: unknown) => this.#owner.end(error))
      .finally(() => {
        this.#awaited = this.#awaited.filter((other) => other !== source);
        this.ready(source);
      });
  }

  /** As many messages as a frame takes; a large one goes alone. */
  #takeMessages(): EncodedMessage[] {
    let bytes = 0;
    let count = 0;
    for (const { text, payloads } of this.#messages) {
      const length = payloads.reduce((sum, payload) => sum + payload.length, text.length);
      if (count > 0 && bytes + length > frameBytesTarget) break;
      bytes += length;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#messages.splice(0, count);
  }

  #sendFrame(): void {
    this.#wasFull ||= this.isFull;
    const frame = encodeFrame(this.#options.form, this.#takeMessages());
    const giveBack = this.#owner.countUnsent(frame.length);
    this.#socket.send(frame, () => {
      giveBack();
      this.#taken();
    });
    if (this.#wasFull && !this.isFull) {
      this.#wasFull = false;
      this.#owner.pauseOrResume();
    }
  }

  #taken(): void {
    if (this.#stall === undefined || !this.#hasRoom()) return;
    this.#stall.cancel();
    this.#stall = undefined;
    if (!this.#isClosed) this.#schedule();
  }

  #watchStall(): { cancel(): void } {
    const { clock, stallMs } = this.#options.context;
    const unsent = this.#socket.bufferedAmount;
    return clock.after(stallMs, () => {
      // Slow is not stalled: as long as something is taken it goes on.
      if (this.#socket.bufferedAmount < unsent) this.#stall = this.#watchStall();
      else this.#owner.end(new ChannelError("subscriber_too_slow", { resumeAfter: 0 }));
    });
  }
}
